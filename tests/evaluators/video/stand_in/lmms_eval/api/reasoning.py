def parse_reasoning_tags_config(cli_value=None, task_value=None):
    return task_value


def strip_reasoning_tags(text, tags):
    return text.split(tags[0][1])[-1]
