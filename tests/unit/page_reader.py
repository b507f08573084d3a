"""A page as a browser sees it: its elements and their texts; a tag that is not closed is a mistake."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

ALONE = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    """One element: its tag, attributes, parent, and all text inside."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text with single spaces."""
        return " ".join("".join(self.words).split())


class PageReader(HTMLParser):
    """Keeps every element of a page in its order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self.open, [element.tag for element in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(one.tag for one in self.open))
        self.elements.append(element)
        if tag not in ALONE:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, (tag, self.open[-1])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.words.append(data)

    def of(self, tag: str) -> list[Element]:
        """Return the elements of a tag."""
        return [element for element in self.elements if element.tag == tag]
