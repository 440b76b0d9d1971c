"""Sends the jobs of a JSON file with one unmodified Python client; prints what came back as JSON.

usage: post.py requests|httpx|urllib JOBS
A job is {"url", "headers": {name: value}, "file": path or null}. Proxy and CA come from the environment.
"""

import json
import sys


def body_of(job):
    if job["file"] is None:
        return None
    with open(job["file"], "rb") as file:
        return file.read()


def with_requests(jobs):
    import requests

    session = requests.Session()
    for job in jobs:
        answer = session.post(job["url"], headers=job["headers"], data=body_of(job), timeout=20)
        yield answer.status_code, answer.text


def with_httpx(jobs):
    import httpx

    with httpx.Client(timeout=20) as client:
        for job in jobs:
            answer = client.post(job["url"], headers=job["headers"], content=body_of(job))
            yield answer.status_code, answer.text


def with_urllib(jobs):
    import urllib.error
    import urllib.request

    for job in jobs:
        request = urllib.request.Request(job["url"], data=body_of(job), headers=job["headers"], method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                yield answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            yield error.code, error.read().decode()


CLIENTS = {"requests": with_requests, "httpx": with_httpx, "urllib": with_urllib}

if __name__ == "__main__":
    _, client, path = sys.argv
    with open(path, encoding="utf-8") as file:
        jobs = json.load(file)
    print(json.dumps([{"status": status, "body": body} for status, body in CLIENTS[client](jobs)]))
