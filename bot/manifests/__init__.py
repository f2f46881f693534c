"""Where versions stand in manifest files, and how they are moved there: one format a file, pure text, no I/O.

A format is three functions: `find(text)` gives its pins, `read(text, pin)` the image at one, and
`draft(text, pin, version)` what moves that pin and leaves every other byte as it was. `splice` makes it so.
"""
