"""A model as transformers has it, from a folder or from a GGUF file."""
import pathlib

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def device_of(word):
    return word if word != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


def load(source, device):
    """The model and its tokenizer. On a CPU in 32 bits, where the short numbers are slower."""
    source = pathlib.Path(source)
    folder, extra = (source.parent, {"gguf_file": source.name}) if source.suffix == ".gguf" else (source, {})
    if not source.exists():
        raise SystemExit(f"expected a model's folder or a file .gguf, found nothing at {source}")
    tokenizer = AutoTokenizer.from_pretrained(folder, **extra)
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, **extra).to(device)
    return model, tokenizer
