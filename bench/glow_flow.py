"""Outglow's Glow in PyTorch, in a form that a graphics card likes, and its weights from and to Outglow's files.

`Flow` holds all trained numbers in one vector, as Outglow does, with the steps of a scale stacked, so that the algebra of small matrices takes a
few kernels for all steps together. `names()` says where every tensor of Outglow's weights (`weights.safetensors` of a detector) lies in it: the
mapping both ways. `yardstick()` fills the plain model of bench/torch-glow.py with the same weights, to be compared with.
"""
import importlib.util
import json
import math
import pathlib
import struct

import numpy as np
import torch
from torch.nn import functional

SMALLEST_DEVIATION, SMALLEST_PRIOR_DEVIATION = 1e-6, 1e-3


def read_tensors(path):
    """The tensors of a safetensors file as {name: array}, float32 or uint8."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": np.float32, "U8": np.uint8}
    return {
        name: np.frombuffer(data[8 + length :][slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def write_tensors(path, tensors):
    """{name: float32 array} as a safetensors file."""
    header, parts, offset = {}, [], 0
    for name, array in tensors.items():
        data = np.ascontiguousarray(array, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


class Flow:
    """A multi-scale Glow of images [N, C, size, size] as functions of a vector of trained numbers and one of fixed ones."""

    def __init__(self, channels=3, size=32, scales=3, depth=6, width=64):
        self.channels, self.size, self.scales, self.depth, self.width = channels, size, scales, depth, width
        self.dimensions = channels * size * size
        self.shapes, self.trained, self.fixed = [], [], []
        c, side = channels, size
        for scale in range(scales):
            c, side = 4 * c, side // 2
            latent = c if scale == scales - 1 else c // 2
            self.shapes.append((c, side))
            stacked = {
                "mixing.actNorm.bias": (c,),
                "mixing.actNorm.logScale": (c,),
                "mixing.convolution.lower": (c, c),
                "mixing.convolution.upper": (c, c),
                "mixing.convolution.logDiagonal": (c,),
                "coupling.conv1.weight": (width, c // 2, 3, 3),
                "coupling.norm1.bias": (width,),
                "coupling.norm1.logScale": (width,),
                "coupling.conv2.weight": (width, width),
                "coupling.norm2.bias": (width,),
                "coupling.norm2.logScale": (width,),
                "coupling.conv3.weight": (c, width, 3, 3),
                "coupling.conv3.bias": (c,),
                "coupling.conv3.logScale": (c,),
            }
            self.trained += [(scale, name, (depth, *shape)) for name, shape in stacked.items()]
            self.trained += [(scale, f"prior.{name}", (latent, side, side)) for name in ("bias", "logScale")]
            self.fixed += [(scale, "mixing.convolution.permutation", (depth, c, c)), (scale, "mixing.convolution.sign", (depth, c))]
            c = latent
        self.sizes = [math.prod(shape) for _, _, shape in self.trained]
        self.fixed_sizes = [math.prod(shape) for _, _, shape in self.fixed]
        self.constants = {}

    def views(self, vector, fixed):
        """One dictionary of tensors a scale."""
        scales = [{} for _ in range(self.scales)]
        for layout, sizes, numbers in ((self.trained, self.sizes, vector), (self.fixed, self.fixed_sizes, fixed)):
            for (scale, name, shape), piece in zip(layout, torch.split(numbers, sizes)):
                scales[scale][name] = piece.view(shape)
        return scales

    def names(self):
        """(Outglow's name, scale, our name, index in the stack or None) of every tensor."""
        for scale, name, _ in self.trained + self.fixed:
            if name.startswith("prior."):
                yield f"prior{scale}.{name[6:]}", scale, name, None
            else:
                for step in range(self.depth):
                    yield f"scale{scale}.step{step}.{name}", scale, name, step

    def load(self, tensors, prefix="", fixed=True):
        """Vectors (trained, fixed) from Outglow's tensors. Its last kernel is [C, 3, 3, width] and says where it writes to: turned by 180 degrees."""
        vectors = torch.zeros(sum(self.sizes)), torch.zeros(sum(self.fixed_sizes))
        scales = self.views(*vectors)
        for theirs, scale, ours, step in self.names():
            if not fixed and ours.endswith(("permutation", "sign")):
                continue
            value = torch.tensor(np.array(tensors[prefix + theirs]))
            if ours == "coupling.conv3.weight":
                value = value.permute(0, 3, 1, 2).flip(2, 3)
            target = scales[scale][ours] if step is None else scales[scale][ours][step]
            target.copy_(value)
        return vectors

    def save(self, vector, fixed, prefix=""):
        """The reverse of `load`."""
        scales = self.views(vector.detach().cpu(), fixed.cpu())
        tensors = {}
        for theirs, scale, ours, step in self.names():
            value = scales[scale][ours] if step is None else scales[scale][ours][step]
            if ours == "coupling.conv3.weight":
                value = value.flip(2, 3).permute(0, 2, 3, 1)
            tensors[prefix + theirs] = value.numpy().copy()
        return tensors

    def masks(self, c, device):
        if (c, device) not in self.constants:
            ones = torch.ones(c, c, device=device)
            self.constants[c, device] = ones.tril(-1), ones.triu(1), torch.eye(c, device=device)
        return self.constants[c, device]

    def matrices(self, scale, part):
        """What the steps of a scale do to x, step by step: weights with every norm folded into them, and the log-det that no image changes."""
        c, side = self.shapes[scale]
        lower, upper, eye = self.masks(c, part["prior.bias"].device)
        log_diagonal = part["mixing.convolution.logDiagonal"]
        left = part["mixing.convolution.lower"] * lower + eye
        right = part["mixing.convolution.upper"] * upper + eye * (part["mixing.convolution.sign"] * log_diagonal.exp())[:, :, None]
        weight = part["mixing.convolution.permutation"] @ left @ right
        weight = weight * part["mixing.actNorm.logScale"].exp()[:, None, :]
        bias = weight @ part["mixing.actNorm.bias"][:, :, None]
        first, second = (part[f"coupling.norm{n}.logScale"].exp() for n in (1, 2))
        last = (3 * part["coupling.conv3.logScale"]).exp()
        log_det = side * side * (part["mixing.actNorm.logScale"].sum() + log_diagonal.sum()) + part["prior.logScale"].sum()
        stacks = (
            weight[:, :, :, None, None],
            bias[:, :, 0],
            part["coupling.conv1.weight"] * first[:, :, None, None, None],
            part["coupling.norm1.bias"] * first,
            (part["coupling.conv2.weight"] * second[:, :, None])[:, :, :, None, None],
            part["coupling.norm2.bias"] * second,
            part["coupling.conv3.weight"] * last[:, :, None, None, None],
            part["coupling.conv3.bias"] * last,
        )
        return list(zip(*(stack.unbind(0) for stack in stacks))), log_det

    def terms(self, vector, fixed, x):
        """Log-likelihood of every scale [N, scales] in nats; they add up to log p(x)."""
        found = []
        for scale, part in enumerate(self.views(vector, fixed)):
            c, side = self.shapes[scale]
            x = functional.pixel_unshuffle(x, 2)
            steps, log_det = self.matrices(scale, part)
            for weight, bias, w1, b1, w2, b2, w3, b3 in steps:
                a, b = functional.conv2d(x, weight, bias).chunk(2, 1)
                hidden = functional.relu(functional.conv2d(a, w1, b1, padding=1))
                hidden = functional.relu(functional.conv2d(hidden, w2, b2))
                shift, raw = functional.conv2d(hidden, w3, b3, padding=1).chunk(2, 1)
                log_scale = functional.logsigmoid(raw + 2)
                x = torch.cat([a, (b + shift) * log_scale.exp()], 1)
                log_det = log_det + log_scale.sum((1, 2, 3))
            z, x = (x, None) if scale == self.scales - 1 else x.chunk(2, 1)
            u = (z + part["prior.bias"]) * part["prior.logScale"].exp()
            constant = 0.5 * math.log(2 * math.pi) * part["prior.bias"].numel()
            found.append(log_det - 0.5 * (u * u).sum((1, 2, 3)) - constant)
        return torch.stack(found, 1)

    def fresh(self, generator, x):
        """New vectors, fitted to images x as both programs do it (Kingma & Dhariwal 2018, section 3.1)."""
        vectors = torch.zeros(sum(self.sizes)), torch.zeros(sum(self.fixed_sizes))
        for scale, part in enumerate(self.views(*vectors)):
            for step in range(self.depth):
                rotation, _ = torch.linalg.qr(torch.randn(self.shapes[scale][0], self.shapes[scale][0], generator=generator))
                permutation, lower, upper = torch.lu_unpack(*torch.linalg.lu_factor(rotation))
                part["mixing.convolution.permutation"][step] = permutation
                part["mixing.convolution.sign"][step] = upper.diagonal().sign()
                part["mixing.convolution.lower"][step] = lower.tril(-1)
                part["mixing.convolution.upper"][step] = upper.triu(1)
                part["mixing.convolution.logDiagonal"][step] = upper.diagonal().abs().log()
            for name in ("conv1", "conv2"):
                weight = part[f"coupling.{name}.weight"]
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
        vectors = vectors[0].to(x.device), vectors[1].to(x.device)
        for scale, part in enumerate(self.views(*vectors)):
            x = functional.pixel_unshuffle(x, 2)
            for step in range(self.depth):
                one = {name: value if name.startswith("prior.") else value[step : step + 1] for name, value in part.items()}
                fit(one, "mixing.actNorm", x, (0, 2, 3), SMALLEST_DEVIATION)
                weight, bias, w1, _, _, _, _, _ = self.matrices(scale, one)[0][0]
                x = functional.conv2d(x, weight, bias)
                a, b = x.chunk(2, 1)
                fit(one, "coupling.norm1", functional.conv2d(a, w1, padding=1), (0, 2, 3), SMALLEST_DEVIATION)
                _, _, w1, b1, w2, _, _, _ = self.matrices(scale, one)[0][0]
                hidden = functional.relu(functional.conv2d(a, w1, b1, padding=1))
                fit(one, "coupling.norm2", functional.conv2d(hidden, w2), (0, 2, 3), SMALLEST_DEVIATION)
                x = torch.cat([a, b * torch.sigmoid(torch.tensor(2.0))], 1)
            z, x = (x, None) if scale == self.scales - 1 else x.chunk(2, 1)
            fit(part, "prior", z, (0,), SMALLEST_PRIOR_DEVIATION)
        return vectors

    def yardstick(self, vector, fixed):
        """The model of bench/torch-glow.py with these weights. Its terms lack the priors' constant."""
        path = pathlib.Path(__file__).with_name("torch-glow.py")
        specification = importlib.util.spec_from_file_location("torch_glow", path)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        model = module.Glow(self.channels, self.depth, self.width)
        theirs = {
            "mixing.actNorm.bias": "norm.bias",
            "mixing.actNorm.logScale": "norm.log_scale",
            "mixing.convolution.permutation": "permutation",
            "mixing.convolution.sign": "sign",
            "mixing.convolution.lower": "lower",
            "mixing.convolution.upper": "upper",
            "mixing.convolution.logDiagonal": "log_diagonal",
            "coupling.conv1.weight": "enter.weight",
            "coupling.norm1.bias": "enter_norm.bias",
            "coupling.norm1.logScale": "enter_norm.log_scale",
            "coupling.conv2.weight": "mix.weight",
            "coupling.norm2.bias": "mix_norm.bias",
            "coupling.norm2.logScale": "mix_norm.log_scale",
            "coupling.conv3.weight": "leave.weight",
            "coupling.conv3.bias": "leave.bias",
            "coupling.conv3.logScale": "leave_scale",
        }
        scales, state = self.views(vector.cpu(), fixed.cpu()), model.state_dict()
        for _, scale, ours, step in self.names():
            if step is None:
                name, value = f"priors.{scale}.{'bias' if ours.endswith('bias') else 'log_scale'}", scales[scale][ours]
            else:
                name, value = f"scales.{scale}.{step}.{theirs[ours]}", scales[scale][ours][step]
            state[name].copy_(value.reshape(state[name].shape))
        return model


def fit(part, name, x, axes, floor):
    """The bias and log-scale that give x mean 0 and deviation 1 along axes."""
    part[f"{name}.bias"].copy_(-x.mean(axes).view(part[f"{name}.bias"].shape))
    part[f"{name}.logScale"].copy_(-x.std(axes).clamp_min(floor).log().view(part[f"{name}.logScale"].shape))
