"""Where one mail's links lead, each address by the name that stands for it in the templates."""

from __future__ import annotations

from collections.abc import Mapping

from service.domain.token import Signer
from service.ports import Letter
from service.rendering.compile import CompiledStep
from service.rendering.mime import folded, is_plain, quoted_address
from service.rendering.templates import Encoded


class Site:
    """Our own site, which most links of a mail lead to. `base` has no slash at its end."""

    def __init__(self, signer: Signer, base: str) -> None:
        self._signer = signer
        self._base = base
        # In a path of ours and in a token is nothing to be encoded: looking at what stands before them once will do.
        self._quoted = folded if is_plain(base) else quoted_address
        self._encoded_base = self._looked_at("")

    def manage(self, letter: Letter) -> str:
        """The token of the person's own pages."""
        return self._signer.sign("manage", f"{letter.contact_id}.{letter.delivery_id}")

    def unsubscribe(self, manage: str) -> str:
        """The address that List-Unsubscribe names."""
        return f"{self._base}/unsubscribe/{manage}"

    def addresses(
        self, letter: Letter, step: CompiledStep, link_ids: Mapping[str, int], manage: str
    ) -> dict[str, object]:
        """The addresses of a letter's mail, encoded already but for those that lead elsewhere and are not tracked."""
        delivery, sign, encoded = letter.delivery_id, self._signer.sign, self._encoded
        found: dict[str, object] = {
            "_base": self._encoded_base,
            "_open": encoded(f"/open/{sign('open', str(delivery))}.gif"),
            "_unsubscribe": encoded(f"/unsubscribe/{manage}"),
            "_preferences": encoded(f"/preferences/{manage}"),
        }
        for number, address in enumerate(step.signed):
            found[f"_signed{number}"] = self._looked_at(address.path(letter, self._signer))
        for number, target in enumerate(step.links):
            link = link_ids.get(target)
            if link is not None:
                found[f"_link{number}"] = encoded(f"/click/{sign('click', f'{delivery}.{link}')}")
            else:  # one without an id is not tracked, and still leads there
                found[f"_link{number}"] = self._looked_at(target) if target.startswith("/") else target
        return found

    def _encoded(self, path: str) -> Encoded:
        return Encoded(self._quoted(self._base + path))

    def _looked_at(self, path: str) -> Encoded:
        """The same for a path with an author's word in it."""
        return Encoded(quoted_address(self._base + path))
