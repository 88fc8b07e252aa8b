from __future__ import annotations

from lmms_eval.api.task import ConfigurableTask


class TaskManager:
    def __init__(self, include_path=None, include_defaults=True, model_name=None):
        kinds = {"stand_in": "task", "grouped": "group", "tagged": "tag", "gone": "task"}
        kinds |= dict.fromkeys(("far", "one", "other"), "task")
        self.task_index = {
            name: {"type": kind, "yaml_path": "/stand/in.yaml", "task": ["one", "other"]}
            for name, kind in kinds.items()
        }
        self.all_tasks = list(self.task_index)

    def _get_config(self, name):
        return {"task": ["one", "other"]} if name == "grouped" else {"dataset_path": "stand/in"}

    def load_task_or_group(self, names, task_type):
        if names == ["gone"]:
            raise ConnectionError("nobody answers")
        return {names[0]: ConfigurableTask(names[0])}
