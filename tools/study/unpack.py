#!/usr/bin/env python3
"""The small local model as transformers loads it quickly, and one may train it: unpack.py MODEL.gguf FOLDER"""
import pathlib
import shutil
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

source, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
named = {"gguf_file": source.name}
tokenizer = AutoTokenizer.from_pretrained(source.parent, **named)
read = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.float32, **named)
if hasattr(read.config, "quantization_config"):
    del read.config.quantization_config
# A model of its own: what was read from such a file says that it cannot be saved.
model = AutoModelForCausalLM.from_config(read.config)
model.load_state_dict(read.state_dict())
part = pathlib.Path(tempfile.mkdtemp(prefix=".model-", dir=folder.parent))
try:  # beside its place, and renamed when it is whole
    model.to(torch.bfloat16).save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.rename(folder)
finally:
    shutil.rmtree(part, ignore_errors=True)
