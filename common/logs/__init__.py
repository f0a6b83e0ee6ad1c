"""The log: lines of text or JSON, each with the request and the job that it belongs to, and without personal data.

Imports no Django, because the children of a worker log in the same way.
"""
