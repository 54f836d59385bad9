"""The sample company: a fictional telephone company's customers, services and stories, made from a seed.

`company.py` is the way in. `python -m examples.company --scale 1` writes the events, one JSON object
a line, in order of time.
"""
