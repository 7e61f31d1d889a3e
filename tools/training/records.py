"""What retort's exports write, as a conversation and its answers."""
import hashlib
import json
import pathlib

def read(paths):
    """Conversations of files of JSON Lines, `messages` or `prompt` and `completion`, in their order. Errors: SystemExit, with the line."""
    found = []
    for path in paths:
        for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                try:
                    found.append(conversation(json.loads(line)))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise SystemExit(f"{path}:{number}: expected a record of export-sft or export-role-sets, found another: {error}") from None
    return found


def conversation(record):
    """A list of turns, each of text, the last of them the assistant's."""
    if "messages" in record:
        turns = record["messages"]
    else:
        turns = []
        for part, role in (("prompt", "user"), ("completion", "assistant")):
            turns += [{"role": role, "content": record[part]}] if isinstance(record[part], str) else record[part]
    for turn in turns:
        if not isinstance(turn["content"], str) or turn.get("tool_calls") or turn["role"] == "tool":
            raise ValueError(f"expected turns of text, found one of {turn['role']} with other content")
    if not turns or turns[-1]["role"] != "assistant":
        raise ValueError("expected an answer at the end, found none")
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]


def encoded(turns, tokenizer, longest):
    """Tokens and what of them is learnt: the last answer and the end of its turn. None where no token of it is left.

    What comes before a long answer stays whole, since a prompt that is cut is another prompt.
    """
    prompt = tokenizer.apply_chat_template(turns[:-1], tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(turns, tokenize=False)
    if not whole.startswith(prompt):  # templates that write earlier turns otherwise once there is an answer
        whole = prompt + turns[-1]["content"] + (tokenizer.eos_token or "")
    answer = whole[len(prompt):]
    end = tokenizer.eos_token
    if end and end in answer:
        answer = answer[: answer.rindex(end) + len(end)]
    first = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    rest = tokenizer(answer, add_special_tokens=False)["input_ids"]
    tokens = (first + rest)[:longest]
    return (tokens, len(first)) if len(tokens) > len(first) else None


def digest(paths, settings):
    """What a training is known by: the bytes of its files and its settings."""
    parts = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in paths:
        parts.update(hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
    return parts.hexdigest()
