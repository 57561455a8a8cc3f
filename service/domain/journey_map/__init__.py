"""The documented journey on one page: a library's sequences become a drawing that a business hangs on its wall.

`story` says what is on it, `page` where, `drawing` writes the SVG. Pure: the same library and day, the same text.
"""
