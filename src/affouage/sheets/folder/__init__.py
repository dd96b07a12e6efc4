"""A folder of the collective's own documents, each made a sheet or refused with its reason.

The door is ``read.read_folder``. Documents come from anywhere: each is parsed in a child program (``child``) that has
little memory, little time and no way to write; scanned pages are read by Tesseract, under the same limits.

    files.py     what the folder holds, opened without following any link        read.py     the door
    child.py     the program that parses: pdf, docx, odt, html, markdown, text   reader.py   its supervision
    layout.py    lines of pages -> headings, paragraphs, items (pure)            tesseract.py, pixels.py, picture.py
"""
