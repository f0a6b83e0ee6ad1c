"""Drills: faults and attacks against a school that is started for them, in a folder that is deleted afterwards.

Each drill is bounded in time and in size, and reaches only 127.0.0.1.
"""
