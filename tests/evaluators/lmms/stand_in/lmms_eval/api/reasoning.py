import json


def parse_reasoning_tags_config(cli_value=None, task_value=None):
    selected = cli_value if task_value is None else task_value
    return None if selected in (None, "none") else json.loads(selected)


def strip_reasoning_tags(text, tags):
    for _, closing in tags:
        text = text.split(closing)[-1]
    return text
