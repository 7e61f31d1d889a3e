"""Many LoRA adapters of one model side by side: the batches of all of them go through the model at once, each through its own.

A step of a small model is mostly waiting for the next kernel, so that twenty adapters cost little more than one. Each has its own
rows, its own loss and its own gradient: what one learns does not touch another. LoRA of Hu et al. (2106.09685), LoRA+ of
Hayou et al. (2402.12354).
"""
import math

import torch

RANK, ALPHA = 16, 32


class Beside(torch.nn.Module):
    """A frozen linear layer and, beside it, a product of two thin matrices for each adapter."""

    def __init__(self, base, seeds):
        super().__init__()
        self.base = base.requires_grad_(False)
        down = torch.empty(len(seeds), RANK, base.in_features)
        for each, seed in zip(down, seeds):
            torch.nn.init.kaiming_uniform_(each, a=math.sqrt(5), generator=seed)
        device = base.weight.device
        self.down = torch.nn.Parameter(down.to(device))
        self.up = torch.nn.Parameter(torch.zeros(len(seeds), base.out_features, RANK, device=device))

    def forward(self, hidden):
        adapters = self.down.shape[0]
        one = hidden.reshape(adapters, -1, hidden.shape[-1])
        thin = torch.bmm(one, self.down.to(one.dtype).transpose(1, 2))
        more = torch.bmm(thin, self.up.to(one.dtype).transpose(1, 2))
        return self.base(hidden) + (ALPHA / RANK) * more.reshape(*hidden.shape[:-1], -1)


class Adapters:
    """The adapters of a model's linear layers, all but the head's."""

    def __init__(self, model, seeds):
        self.model = model
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.layers = {}
        for name, module in list(model.named_modules()):
            if isinstance(module, torch.nn.Linear) and name != "lm_head":
                parent, _, last = name.rpartition(".")
                self.layers[name] = layer = Beside(module, generators)
                setattr(model.get_submodule(parent), last, layer)

    def remove(self):
        for name, layer in self.layers.items():
            parent, _, last = name.rpartition(".")
            setattr(self.model.get_submodule(parent), last, layer.base)

    def optimizer(self, rate, ratio):
        """LoRA+: the second matrix, which begins at zero, learns faster."""
        return torch.optim.AdamW([
            {"params": [layer.down for layer in self.layers.values()], "lr": rate},
            {"params": [layer.up for layer in self.layers.values()], "lr": rate * ratio},
        ], weight_decay=0.01)

    def clip(self, most):
        """Each adapter's gradient by its own length."""
        gradients = [part.grad for layer in self.layers.values() for part in (layer.down, layer.up)]
        lengths = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0).sqrt()
        scale = (most / (lengths + 1e-6)).clamp(max=1)
        for gradient in gradients:
            gradient.mul_(scale.view(-1, 1, 1))

    def state(self):
        """A list of each adapter's weights."""
        count = next(iter(self.layers.values())).down.shape[0]
        return [{name: (layer.down[each].detach().half().cpu(), layer.up[each].detach().half().cpu())
                 for name, layer in self.layers.items()} for each in range(count)]

    def load(self, states):
        with torch.no_grad():
            for name, layer in self.layers.items():
                layer.down = torch.nn.Parameter(torch.stack([state[name][0] for state in states]).float().to(layer.down.device))
                layer.up = torch.nn.Parameter(torch.stack([state[name][1] for state in states]).float().to(layer.up.device))
