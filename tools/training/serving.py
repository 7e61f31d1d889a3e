"""A model with adapters, answering many requests at once: those that wait go together, whatever adapter each names."""
import dataclasses
import json
import queue
import threading

import torch
from peft import PeftModel

import model as models


@dataclasses.dataclass
class Request:
    adapter: str | None  # None is the model as it is
    messages: list
    count: int
    most: int
    temperature: float
    top_p: float
    seed: int | None
    stops: list
    top_logprobs: int | None
    json_object: bool
    answered: threading.Event = dataclasses.field(default_factory=threading.Event)
    choices: list | None = None
    prompt_tokens: int = 0
    fault: str | None = None


class Refused(ValueError):
    """A request that cannot be answered as it stands."""


@dataclasses.dataclass
class Row:
    """One answer that is being written."""
    request: Request
    tokens: list
    chance: torch.Generator | None
    made: list = dataclasses.field(default_factory=list)
    logprobs: list = dataclasses.field(default_factory=list)
    text: str = ""
    reason: str | None = None


def whole_object(text):
    """Where a JSON object that begins a text ends, or None while it has not."""
    begun = len(text) - len(text.lstrip())
    try:
        value, end = json.JSONDecoder().raw_decode(text, begun)
    except ValueError:
        return None
    return end if isinstance(value, dict) else None


class Service:
    def __init__(self, source, adapters, device, at_once):
        self.device, self.at_once = models.device_of(device), at_once
        self.model, self.tokenizer = models.load(source, self.device)
        for name, folder in adapters.items():
            if isinstance(self.model, PeftModel):
                self.model.load_adapter(folder, adapter_name=name)
            else:
                self.model = PeftModel.from_pretrained(self.model, folder, adapter_name=name)
        self.model.eval().requires_grad_(False)
        self.end = {self.tokenizer.eos_token_id} - {None}
        named = self.model.generation_config.eos_token_id
        self.end |= set(named if isinstance(named, list) else [named]) - {None}
        self.longest = getattr(self.model.config, "max_position_embeddings", 4096)
        self.waiting = queue.Queue()
        threading.Thread(target=self.work, daemon=True).start()

    def answer(self, request):
        """Waits for it. Errors: Refused."""
        try:
            text = self.tokenizer.apply_chat_template(request.messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # a template says in many ways what it cannot write
            raise Refused(f"the model's chat template refuses the messages: {error}") from None
        request.tokens = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        request.prompt_tokens = len(request.tokens)
        if request.prompt_tokens + request.most > self.longest:
            raise Refused(f"this model's maximum context length is {self.longest} tokens; the messages have {request.prompt_tokens} and max_tokens is {request.most}")
        self.waiting.put(request)
        request.answered.wait()
        if request.fault:
            raise RuntimeError(request.fault)

    def work(self):
        while True:
            requests = [self.waiting.get()]
            try:
                while sum(one.count for one in requests) < self.at_once:
                    requests.append(self.waiting.get(timeout=0.01))
            except queue.Empty:
                pass
            # Those of one adapter at a time: a batch of several would need a product for each.
            for adapter in dict.fromkeys(one.adapter for one in requests):
                self.perform(adapter, [one for one in requests if one.adapter == adapter])

    def perform(self, adapter, requests):
        rows = [Row(one, one.tokens, self.chance(one, number)) for one in requests for number in range(one.count)]
        try:
            for start in range(0, len(rows), self.at_once):
                self.write(adapter, rows[start : start + self.at_once])
        except Exception as error:  # whatever it is, its askers are told
            for one in requests:
                one.fault = f"{type(error).__name__}: {error}"
        for one in requests:
            one.choices = [row for row in rows if row.request is one]
            one.answered.set()

    def chance(self, request, number):
        if request.temperature == 0:
            return None
        generator = torch.Generator(device=self.device)
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed * 1_000_003 + number)
        return generator

    @torch.no_grad()
    def write(self, adapter, rows):
        if isinstance(self.model, PeftModel):
            if adapter is None:
                with self.model.disable_adapter():
                    return self.write_rows(rows)
            self.model.set_adapter(adapter)
        return self.write_rows(rows)

    def write_rows(self, rows):
        width = max(len(row.tokens) for row in rows)
        pad = min(self.end)
        ids = torch.tensor([[pad] * (width - len(row.tokens)) + row.tokens for row in rows], device=self.device)
        seen = torch.tensor([[0] * (width - len(row.tokens)) + [1] * len(row.tokens) for row in rows], device=self.device)
        places = (seen.cumsum(1) - 1).clamp(min=0)
        cache = None
        for _ in range(max(row.request.most for row in rows)):
            out = self.model(input_ids=ids, attention_mask=seen, position_ids=places, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = out.past_key_values
            following = [self.next(row, logits) for row, logits in zip(rows, out.logits[:, -1].float())]
            if all(row.reason for row in rows):
                break
            ids, places = torch.tensor(following, device=self.device)[:, None], places[:, -1:] + 1
            seen = torch.cat([seen, torch.ones_like(ids)], 1)

    def next(self, row, logits):
        """The row's next token, taken into its answer; some token where it has ended."""
        if row.reason:
            return min(self.end)
        request = row.request
        token = int(self.drawn(row, logits))
        if token in self.end:
            row.reason = "stop"
            return token
        row.made.append(token)
        if request.top_logprobs is not None:
            row.logprobs.append(self.logprobs(token, logits, request.top_logprobs))
        row.text = self.tokenizer.decode(row.made, skip_special_tokens=True)
        stop = min((row.text.find(word) for word in request.stops if word in row.text), default=None)
        end = whole_object(row.text) if request.json_object else None
        if stop is not None:
            row.text, row.reason = row.text[:stop], "stop"
        elif end is not None:
            row.text, row.reason = row.text[:end], "stop"
        elif len(row.made) >= request.most:
            row.reason = "length"
        return token

    def drawn(self, row, logits):
        if row.chance is None:
            return logits.argmax()
        chances = (logits / row.request.temperature).softmax(-1)
        if row.request.top_p < 1:
            sorted_chances, order = chances.sort(descending=True)
            before = sorted_chances.cumsum(-1) - sorted_chances
            chances = torch.zeros_like(chances).scatter(0, order, sorted_chances * (before < row.request.top_p))
        return torch.multinomial(chances, 1, generator=row.chance)

    def logprobs(self, token, logits, count):
        every = logits.log_softmax(-1)
        values, tokens = every.topk(count) if count else ([], [])

        def entry(one, value):
            text = self.tokenizer.decode([int(one)])
            return {"token": text, "logprob": float(value), "bytes": list(text.encode())}
        return {**entry(token, every[token]), "top_logprobs": [entry(one, value) for one, value in zip(tokens, values)]}
