"""Pages as tests look at them."""


def main_of(page: str) -> str:
    """What a page itself tells, without what every page has around it."""
    _, begin, rest = page.partition("<main")
    main, end, _ = rest.partition("</main>")
    assert begin
    assert end
    return main
