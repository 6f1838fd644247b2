"""Why a formula is refused: the reason in words, and the character it is about."""

from core.errors import Invalid


class FormulaError(Invalid):
    """A formula that is not taken; `at` counts characters from 0."""

    def __init__(
        self, why: str, template: str, /, *, text: str, at: int, fix: str = "", **params: object
    ) -> None:
        place = max(0, min(at, len(text)))
        super().__init__(
            f"kpi.formula.{why}", template, fix=fix, field="formula", position=place + 1, **params
        )
        self.source = text
        self.at = place

    def pointer(self) -> str:
        """Return the line at fault with a mark under the character."""
        start = self.source.rfind("\n", 0, self.at) + 1
        end = self.source.find("\n", self.at)
        line = self.source[start : end if end >= 0 else len(self.source)].replace("\t", " ")
        return f"{line}\n{' ' * (self.at - start)}^"
