"""Charts as static SVG: places and lengths only; colours and patterns are those of the page's style sheet."""
