"""A language model with a two-number head, whose lower layers stay as they are."""

import json
import pathlib

import torch
from transformers import AutoModel, AutoTokenizer

TEMPERATURE = 10.0  # of the deviation's output, as in the first author's code


def text_of(question, answer):
    """What the model reads, in the form of the first author's code; retort embeds the same."""
    return f"Question: {question}\nAnswer: {answer}" if question else f"Answer: {answer}"


def text_of_messages(messages):
    turns = [turn["content"] for turn in messages]
    if not all(isinstance(turn, str) for turn in turns):
        raise TypeError("a turn's content is no text")
    return text_of("\n\n".join(turns[:-1]), turns[-1])


class _Reached(Exception):
    """The lower layers are done."""


class RewardModel(torch.nn.Module):
    """base: a folder of Hugging Face's form, or a file .gguf; layers: how many of the last ones are trained."""

    def __init__(self, base, layers, max_tokens, device="cpu"):
        super().__init__()
        self.device = device
        base = pathlib.Path(base)
        folder, extra = (base.parent, {"gguf_file": base.name}) if base.suffix == ".gguf" else (base, {})
        self.tokenizer = AutoTokenizer.from_pretrained(folder, **extra)
        body = AutoModel.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager", **extra).to(device)
        if not 0 <= layers <= len(body.layers):
            raise SystemExit(f"--layers: expected 0 to {len(body.layers)}, found {layers}")
        self.max_tokens = max_tokens
        self.body = [body.requires_grad_(False).eval()]  # in a list, so that it is no part of what is saved
        split = len(body.layers) - layers
        self.upper = torch.nn.ModuleList(body.layers[split:])
        self.norm = body.norm
        self.head = torch.nn.Linear(body.config.hidden_size, 2).to(device)
        torch.nn.init.zeros_(self.head.weight)  # P = 1/2 and sigma = 1 to begin with
        torch.nn.init.zeros_(self.head.bias)
        for module in (self.upper, self.norm, self.head):
            module.requires_grad_(True)

    @torch.no_grad()
    def lower(self, text):
        """What the trained layers are given for a text: hidden states, and what else a layer takes. The end of a long
        text is kept, where the answer stands."""
        tokens = self.tokenizer(text, add_special_tokens=False)["input_ids"][-self.max_tokens:] or [0]
        caught = []

        def catch(_, arguments, named):
            caught.append((arguments[0] if arguments else named["hidden_states"], named))
            raise _Reached

        first = self.upper[0] if len(self.upper) else self.norm
        hook = first.register_forward_pre_hook(catch, with_kwargs=True) if _HOOKS_TAKE_NAMES else None
        if hook is None:
            forward, first.forward = first.forward, lambda *a, **k: catch(None, a, k)
        try:
            self.body[0](input_ids=torch.tensor([tokens], device=self.device), use_cache=False)
        except _Reached:
            pass
        finally:
            if hook is None:
                first.forward = forward
            else:
                hook.remove()
        hidden, named = caught[0]
        return hidden, {name: value for name, value in named.items() if name != "hidden_states"}

    def upward(self, hidden, named):
        """(mu, s) of the last token."""
        for layer in self.upper:
            found = layer(hidden, **named)
            hidden = found[0] if isinstance(found, tuple) else found
        return self.head(self.norm(hidden[:, -1]))[0].cpu()

    @torch.no_grad()
    def answer(self, text):
        return self.upward(*self.lower(text)).tolist()

    def save(self, folder, settings):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.state_dict(), folder / "head.pt")
        (folder / "head.json").write_text(json.dumps(settings, indent=1) + "\n")

    @classmethod
    def load(cls, folder, device="cpu"):
        folder = pathlib.Path(folder)
        settings = json.loads((folder / "head.json").read_text())
        model = cls(settings["base"], settings["layers"], settings["max_tokens"], device)
        model.load_state_dict(torch.load(folder / "head.pt", map_location="cpu"))
        return model.eval()


_HOOKS_TAKE_NAMES = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 0)

_GRID = torch.linspace(-9, 9, 8001, dtype=torch.float64)  # steep sigmoids need a fine one: it holds to deviations of 50
_LOG_WEIGHTS = -_GRID ** 2 / 2 - torch.logsumexp(-_GRID ** 2 / 2, 0)


def loss(won, lost, kind):
    """-log E sigmoid(z) ("stated", as the paper has it) or -E log sigmoid(z) ("code"), z ~ N(mu_w - mu_l,
    sigma_w^2 + sigma_l^2), of two outputs (mu, s)."""
    won, lost = won.double(), lost.double()
    spread = torch.sqrt(torch.exp(2 * won[1] / TEMPERATURE) + torch.exp(2 * lost[1] / TEMPERATURE))
    z = won[0] - lost[0] + spread * _GRID
    bent = torch.nn.functional.logsigmoid(z)
    return -torch.logsumexp(_LOG_WEIGHTS + bent, 0) if kind == "stated" else -(torch.exp(_LOG_WEIGHTS) * bent).sum()
