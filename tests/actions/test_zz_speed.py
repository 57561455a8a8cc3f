import time
from datetime import timedelta
from dataclasses import replace
from sqlalchemy import text, event
from service.actions.look_after_referrals import look_after_referrals
from service.domain.sequence.model.referral import Programme
from tests.actions.friends import WHOLE, COUPON, WELCOME
from tests.actions.house import House
def test_speed(engine):
    house = House(engine, business=replace(WHOLE, referral=Programme(friend=WELCOME, referrer=COUPON, wait=timedelta())))
    n = 300
    with house.begin() as s:
        s.execute(text("""INSERT INTO contact (email,email_key,address_hash,created_at,updated_at,referral_code)
          SELECT 'c'||i||'@example'||i||'.org','c'||i||'@example'||i||'.org',decode(md5(i::text),'hex'),:now,:now, lpad(i::text,8,'0') FROM generate_series(1,:n) i"""), {"n": 2*n, "now": house.now})
        s.execute(text("""INSERT INTO consent (contact_id,topic,act,basis,at,source,address,user_agent)
          SELECT id,'Tips and ideas','confirmed','consent',:now,'form:x','10.'||(id/65536)%256||'.'||(id/256)%256||'.'||id%256,'B'||id FROM contact"""), {"now": house.now})
        s.execute(text("""INSERT INTO referral (referrer_id,friend_id,friend_hash,joined_at,qualified_at,wake_at)
          SELECT i, i+:n, decode(md5((i+:n)::text),'hex'), CAST(:now AS timestamptz) - (i||' minutes')::interval, :now, :now FROM generate_series(1,:n) i"""), {"n": n, "now": house.now})
        s.execute(text("INSERT INTO reward (referral_id,side,contact_id,state,since,reason) SELECT id,'friend',friend_id,'signed-up',joined_at,'x' FROM referral"))
        s.execute(text("INSERT INTO reward (referral_id,side,contact_id,state,since,reason) SELECT id,'referrer',referrer_id,'signed-up',joined_at,'x' FROM referral"))
    count = [0]
    event.listen(engine, "before_cursor_execute", lambda *a: count.__setitem__(0, count[0]+1))
    for _ in range(3):
        t = time.monotonic(); c0 = time.process_time()
        with house.begin() as s:
            k = look_after_referrals(s, house.published, house.now)
        print(k, "batch", round(time.monotonic()-t,2), "s wall", round(time.process_time()-c0,2), "cpu", count[0]); count[0]=0
    with house.begin() as s:
        print(s.execute(text("select side,state,count(*) from reward group by 1,2")).all())
    assert 0
