"""For child processes on machines without a GPU: PyPI's torchvision is built for CUDA.

Its import asks for two operators that only the CUDA build brings; defining them is enough for what
is used of it. torchaudio and torchcodec do not load at all and are not needed.
"""

import importlib.abc
import sys


class _BeforeTorchvision(importlib.abc.MetaPathFinder):
    library = None

    def find_spec(self, fullname, path=None, target=None):
        if fullname == "torchvision" and type(self).library is None:
            import torch

            library = torch.library.Library("torchvision", "FRAGMENT")
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor dets, Tensor scores, float threshold) -> Tensor")
            type(self).library = library  # forgotten, the operators would go with it


sys.modules.setdefault("torchaudio", None)
sys.modules.setdefault("torchcodec", None)
sys.meta_path.insert(0, _BeforeTorchvision())
