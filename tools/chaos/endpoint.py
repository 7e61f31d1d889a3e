"""An endpoint that fails in every way we know, one row at a time or all at once."""

import asyncio
import email.utils
import time

from lab import expect, rows, simple
from stub import Stub, answer, completion

BAD = "Question 3?"


def poisoned(fault):
    """Behaves except for one row."""

    async def behave(request, line):
        await (fault if request.text == BAD else answer)(request, line)

    return behave


def says(status, body, headers=None, length=None):
    async def fault(request, line):
        await line.send(status, body, headers, length)

    return fault


def error(status, message="the server's own words", headers=None):
    return says(status, {"error": {"message": message}}, headers)


async def reset_at_once(request, line):
    line.reset()
    raise ConnectionResetError


async def reset_mid_body(request, line):
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\": [")
    await asyncio.sleep(0.05)
    line.reset()
    raise ConnectionResetError


async def stops_mid_body(request, line):
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\": [")
    await asyncio.sleep(30)


async def closes_mid_body(request, line):
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\": [")
    line.close()
    raise ConnectionResetError


async def trickles(request, line):
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n")
    for _ in range(300):
        await line.raw(b" ")
        await asyncio.sleep(0.1)


async def never_ends(request, line):
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while True:
        await line.raw(block)


async def silent(request, line):
    await asyncio.sleep(30)


async def not_http(request, line):
    await line.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    line.close()
    raise ConnectionResetError


async def no_message(request, line):
    reply = completion("x")
    del reply["choices"][0]["message"]
    await line.send(200, reply)


HTML = "<!doctype html><html><body>Please log in</body></html>"
SIX_TIMES = error(500, headers={"Retry-After": "0.05"})
# Each: what one row meets, and words that its failure must have.
ROW_FAULTS = {
    "reset before an answer": (reset_at_once, "curl"),
    "reset in the middle of a body": (reset_mid_body, "curl"),
    "a body that stops": (stops_mid_body, "timed out"),
    "a body cut short": (closes_mid_body, "transfer closed"),
    "a body that trickles": (trickles, "timed out"),
    "a body that never ends": (never_ends, ("67108864", "timed out")),  # a slow machine is out of time first
    "no answer": (silent, "timed out"),
    "something that is not HTTP": (not_http, "curl"),
    "408": (error(408), "the server's own words"),
    "409": (error(409), "the server's own words"),
    "429": (error(429), "the server's own words"),
    "429 with Retry-After in seconds": (error(429, headers={"Retry-After": "1"}), "the server's own words"),
    "429 with a Retry-After of 0": (error(429, headers={"Retry-After": "0"}), "the server's own words"),
    "500": (error(500), "the server's own words"),
    "500 six times over": (SIX_TIMES, "the server's own words"),
    "501": (error(501), "the server's own words"),
    "502 with HTML": (says(502, HTML, {"Content-Type": "text/html"}), "Please log in"),
    "503": (error(503), "the server's own words"),
    "504": (error(504), "the server's own words"),
    "an empty body": (says(200, ""), "expected a JSON reply"),
    "HTML instead of JSON": (says(200, HTML, {"Content-Type": "text/html"}), "Please log in"),
    "truncated JSON": (says(200, '{"choices": [{"message": {"content": "hal'), "expected a JSON reply"),
    "invalid UTF-8": (says(200, b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'), "UTF-8"),
    "an error under 200": (says(200, {"error": {"message": "overloaded, sorry"}}), "overloaded, sorry"),
    "choices missing": (says(200, {"id": "x"}), "choices"),
    "choices empty": (says(200, {"choices": []}), "choices"),
    "choices null": (says(200, {"choices": None}), "choices"),
    "a choice without a message": (no_message, "message"),
    "a list instead of an object": (says(200, [1, 2]), "choices"),
    "deep nesting": (says(200, "[" * 100_000), "nesting"),
    "a redirect": (says(307, "", {"Location": "/v2/chat/completions"}), "307"),
    "a text that the server broke off": (says(200, completion("Half a sent", finish="abort")), "broke off"),
    "an error beside a text": (says(200, {**completion("Half"), "error": {"message": "went away"}}), "went away"),
}
SHORT = [
    "a body that trickles", "500 six times over", "invalid UTF-8", "HTML instead of JSON", "choices empty",
    "a text that the server broke off",
]  # fmt: skip


def one_row(lab, random, full):
    """an endpoint that fails one row: the others go on, and resume finishes that one alone"""
    names = list(ROW_FAULTS) if full else SHORT
    failures = []
    for name in names:
        fault, words = ROW_FAULTS[name]
        for last in (False, True):
            try:
                one_fault(lab, fault, words, last)
            except AssertionError as failure:
                failures.append(f"{name}{' as the only row' if last else ''}: {failure}")
            lab.wipe()
    expect(not failures, "\n" + "\n".join(failures))
    return f"{len(names)} faults, each among other rows and alone"


def one_fault(lab, fault, words, alone):
    stub = Stub(poisoned(fault))
    try:
        text = rows(8)
        if alone:
            text = text.splitlines()[3] + "\n"
        lab.write(simple(stub.url, timeout=0.5, retries=5 if fault is SIX_TIMES else 1), rows_jsonl=text)
        ended = lab.run(timeout=60).expect("failed")
        books = ended.summary["stages"]["asked"]
        expect((books["emitted"], books["failed"]) == (0 if alone else 7, 1), f"expected one failed row, found {books}")
        found = lab.failures()
        words = (words,) if isinstance(words, str) else words
        said = len(found) == 1 and any(word in found[0][1] for word in words)
        expect(said, f"expected a failure that says {' or '.join(map(repr, words))}, found {found}")
        expect(len(found[0][1]) < 800, f"expected a bounded message, found {len(found[0][1])} characters")
        expect(not lab.exports(), "expected no export while a row is missing")
        stub.behaviour = answer
        stub.requests = []
        lab.resume().expect("complete")
        expect([request.text for request in stub.requests] == [BAD], "expected one call, for the row that had failed")
        lab.integrity()
    finally:
        stub.stop()


def refused_rows(lab, random, full):
    """a row that the endpoint refuses for good is passed over, and asked for again when one says so"""
    kinds = {"context too long": 400, "too large": 413, "not well formed": 422}
    for name, status in kinds.items() if full else [("context too long", 400)]:
        stub = Stub(poisoned(error(status, f"{name}: the server's own words")))
        try:
            lab.write(simple(stub.url), rows_jsonl=rows(8))
            ended = lab.run().expect("failed")
            expect("--retry-refused" in ended.err, f"{name}: expected a word on how to ask again, found: {ended.err}")
            stub.requests = []
            for again in (lab.resume, lab.run):
                ended = again().expect("failed")
                counts = (ended.summary["refused"], ended.summary["passed_over"])
                expect(counts == (1, 1), f"{name}: expected one row passed over, found {counts}")
            expect(not stub.requests, f"{name}: expected no call, found {len(stub.requests)}")
            plan = lab.retort("plan", str(lab.file)).expect("complete")
            expect("1 of asked" in plan.out, f"{name}: expected the plan to say so, found: {plan.out}")
            stub.behaviour = answer
            lab.retort("resume", "--json", "--retry-refused").expect("complete")
            expect([request.text for request in stub.requests] == [BAD], f"{name}: expected one call, for that row")
            lab.integrity()
            lab.wipe()
        finally:
            stub.stop()
    return f"{len(kinds) if full else 1} kinds"


QUOTA = {"error": {"message": "You exceeded your current quota, please check your plan and billing details."}}
DAILY = {"error": {"code": 429, "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}], **QUOTA["error"]}}


def refused_models(lab, random, full):
    """an endpoint that refuses key, credit or model parks the run at once; rows are pending, not failed"""
    kinds = {
        "wrong key": (error(401, "Incorrect API key provided"), True),
        "no credit": (error(402, "Insufficient Balance"), True),
        "a plan that is used up": (says(429, QUOTA), True),
        "a day's quota": (says(429, DAILY), True),
        "credit too low, as 400": (error(400, "Your credit balance is too low to access the API."), True),
        "not allowed": (error(403, "no access to this model"), False),
        "unknown model": (error(404, "The model `teacher` does not exist"), False),
    }
    for name, (fault, always) in kinds.items():
        for later in (False, True) if full else (False,):
            answered = 0

            async def behave(request, line):
                nonlocal answered
                answered += 1
                await (answer if later and (answered <= 8 or not always and request.text != BAD) else fault)(request, line)

            stub = Stub(behave)
            try:
                # The row that is refused comes last where others are answered.
                text = sorted(rows(60).splitlines(True), key=lambda line: later and not always and BAD in line)
                lab.write(simple(stub.url), rows_jsonl="".join(text))
                ended = lab.run()
                if later and not always:
                    books = ended.expect("failed").summary["stages"]["asked"]
                    expect(books["failed"] == 1, f"{name}: expected the row to fail alone, found {books}")
                else:
                    books = ended.expect("parked").summary["stages"]["asked"]
                    expect(books["failed"] == 0, f"{name}: expected rows to be pending, found {books}")
                    most = 8 * later + 4
                    expect(len(stub.requests) <= most, f"{name}: expected at most {most} calls, found {len(stub.requests)}")
                stub.behaviour = answer
                lab.resume().expect("complete")
                lab.integrity()
                lab.wipe()
            finally:
                stub.stop()
    return f"{len(kinds)} kinds"


async def late(request, line):
    await asyncio.sleep(0.3)
    await answer(request, line)


async def twice(request, line):
    await answer(request, line)
    await answer(request, line)


async def in_pieces(request, line):
    body = b'{"choices":[{"message":{"content":"caf\xc3\xa9"},"finish_reason":"stop"}]}'
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
    for at in range(len(body)):
        await line.raw(b"1\r\n" + body[at : at + 1] + b"\r\n")
    await line.raw(b"0\r\n\r\n")


def tolerated(lab, random, full):
    """replies that are odd and good all the same"""
    odd = {
        "wrong content type": says(200, completion("good"), {"Content-Type": "text/html"}),
        "usage absent": says(200, completion("good", usage=None)),
        "usage null": says(200, {**completion("good"), "usage": None}),
        "usage negative": says(200, completion("good", usage=(-5, -7))),
        "usage beyond measure": says(200, completion("good", usage=(10**30, 10**30))),
        "usage of another type": says(200, {**completion("good"), "usage": {"prompt_tokens": "many", "completion_tokens": [1]}}),
        "a late reply": late,
        "the same reply twice": twice,
        "a body in pieces of one byte": in_pieces,
        "unknown fields": says(200, {**completion("good"), "extra": {"deep": [1, None]}, "service_tier": 7}),
    }
    for name, fault in odd.items():
        stub = Stub(poisoned(fault))
        try:
            lab.write(simple(stub.url), rows_jsonl=rows(6))
            ended = lab.run().expect("complete")
            calls = ended.summary["calls"]
            expect(calls["prompt_tokens"] >= 0 and calls["completion_tokens"] >= 0, f"{name}: found {calls}")
            lab.integrity()
            lab.wipe()
        except AssertionError as failure:
            raise AssertionError(f"{name}: {failure}") from None
        finally:
            stub.stop()
    return f"{len(odd)} kinds"


def useless(lab, random, full):
    """refusals and truncated replies are dropped with a reason, not exported"""
    kinds = {
        "cut at the limit": (completion("half a sent", finish="length"), "reply truncated"),
        "filtered": (completion("", finish="content_filter"), "reply refused"),
        "refused": (
            {"choices": [{"message": {"content": None, "refusal": "I cannot help with that."}, "finish_reason": "stop"}]},
            "reply refused",
        ),
        "cut, in another provider's word": (completion("half a sent", finish="MAX_TOKENS"), "reply truncated"),
        "stopped by a filter, in another word": (completion("half", finish="SAFETY"), "reply refused"),
        "a word that nobody knows": (completion("half", finish="pause_turn"), "finish reason 'pause_turn'"),
        "filtered, as Azure says it": (
            (400, {"error": {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
            "reply refused",
        ),
    }
    for name, (reply, reason) in kinds.items():
        stub = Stub(poisoned(says(*reply) if isinstance(reply, tuple) else says(200, reply)))
        try:
            lab.write(simple(stub.url), rows_jsonl=rows(6))
            ended = lab.run().expect("complete")
            books = ended.summary["stages"]["asked"]
            found = lab.query("select reason from dropped")
            expect(books["dropped"] == 1 and found == [(reason,)], f"{name}: expected '{reason}', found {books}, {found}")
            lab.wipe()
        finally:
            stub.stop()
    return f"{len(kinds)} kinds"


def outage(lab, random, full):
    """an endpoint that is down parks the run in bounded time, and it resumes"""

    def refused(stub):
        stub.shut()

    def failing(fault):
        def begin(stub):
            stub.behaviour = fault

        return begin

    kinds = {
        "connections refused": refused,
        "503 for all": failing(error(503, "down for maintenance")),
        "429 for all": failing(error(429, "slow down")),
        "Retry-After of an hour": failing(error(429, "come back later", {"Retry-After": "3600"})),
        "Retry-After as a date": failing(None),
        "no answer": failing(silent),
        "HTML for all": failing(says(200, HTML, {"Content-Type": "text/html"})),
    }
    if not full:
        kinds = {name: kinds[name] for name in ("connections refused", "503 for all", "Retry-After of an hour")}
    slowest = 0.0
    for name, begin in kinds.items():
        stub = Stub()
        try:
            lab.write(simple(stub.url, timeout=0.5), rows_jsonl=rows(30))
            answered = 0

            async def breaks(request, line):
                nonlocal answered
                answered += 1
                if answered > 8:
                    begin(stub) if name != "connections refused" else None
                    raise ConnectionResetError
                await answer(request, line)

            if name == "connections refused":
                refused(stub)
            elif name == "Retry-After as a date":
                date = email.utils.formatdate(time.time() + 3600, usegmt=True)
                stub.behaviour = error(429, "come back later", {"Retry-After": date})
            else:
                stub.behaviour = breaks
            began = time.monotonic()
            ended = lab.run(timeout=90).expect("parked")
            slowest = max(slowest, time.monotonic() - began)
            expect("retort resume" in ended.err, "expected a word on how to go on")
            lab.integrity()
            stub.behaviour = answer
            if name == "connections refused":
                stub.open()
            stub.requests = []
            lab.resume().expect("complete")
            texts = [request.text for request in stub.requests]
            expect(len(texts) == len(set(texts)), "expected no call twice in the resumed run")
            lab.wipe()
        except AssertionError as failure:
            raise AssertionError(f"{name}: {failure}") from None
        finally:
            stub.stop()
    return f"{len(kinds)} kinds, parked within {slowest:.1f} s"


def waits(lab, random, full):
    """Retry-After is honoured, in seconds and as a date"""
    found = []
    for value in ("2", "date") if full else ("date",):
        tries = {}

        async def behave(request, line):
            times = tries.setdefault(request.text, [])
            times.append(time.monotonic())
            if request.text == BAD and len(times) == 1:
                wait = value if value != "date" else email.utils.formatdate(time.time() + 3, usegmt=True)
                return await line.send(429, {"error": {"message": "slow"}}, {"Retry-After": wait})
            await answer(request, line)

        stub = Stub(behave)
        try:
            lab.write(simple(stub.url), rows_jsonl=rows(8))
            lab.run().expect("complete")
            first, second = tries[BAD]
            found.append(second - first)
            expect(1.9 <= second - first <= 4.5, f"expected a wait of 2 to 3 s, found {second - first:.2f} s")
            lab.wipe()
        finally:
            stub.stop()
    return ", ".join(f"{seconds:.2f} s" for seconds in found)
