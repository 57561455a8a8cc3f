"""What a parsed sequence is: frozen values that the engine, the renderer and the checks read.

The language itself is described in `sequences/README.md`. Everything here is plain data; the rules that
act on it live in `service.domain.enrolment`, `service.domain.schedule` and `service.domain.throttle`.
"""
