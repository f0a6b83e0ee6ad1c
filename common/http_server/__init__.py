"""The HTTP server of ``manage.py serve``: waitress, with limits on what slow and hostile clients can hold.

One thread receives all requests and sends all answers; a request gets one of the worker threads only after its last
byte has arrived. Time limits follow the model of Apache's ``mod_reqtimeout``: a few seconds for the headers, and a
least rate for a body and for the reading of an answer.
"""
