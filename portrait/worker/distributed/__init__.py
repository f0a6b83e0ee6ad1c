"""The Celery worker: its prefork children load the weights once, and each message wakes one to take a job.

Nothing here imports Celery or torch into a process that does not run Celery.
"""
