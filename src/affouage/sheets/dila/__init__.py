"""The official guide "Vos droits et démarches" (DILA): its archives of XML, schemas 3.3 and 3.4, read into sheets.

reader.py       the archive, file by file            publication.py  one sheet: what is said of it
body.py         its text and facts, in order         guides.py       what its conditions mean, in words
services.py     forms and online services (R files)  xml.py          XML from outside
"""
