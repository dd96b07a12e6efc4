"""The labour ministry's sheets and its answers on collective agreements, as JSON files of its open data.

reader.py   the files: .json, .json.xz, .tgz       page.py            the HTML of a section
sheets.py   "fiches travail" made sheets           contributions.py   questions and answers made sheets
"""
