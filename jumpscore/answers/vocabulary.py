"""Keys, units, connectors and number words: the vocabulary of all parsers of answers.

Words are in lower case and in normalised characters (see ``jumpscore.answers.characters``).
"""

from __future__ import annotations

from collections.abc import Iterable


def words(text: str) -> list[str]:
    """Split a text into words; easier to read in a table than a list of strings."""
    return text.split()


SECONDS_PER: dict[str, float] = {
    **dict.fromkeys(words("ms msec msecs millisecond milliseconds 毫秒 ミリ秒"), 1e-3),
    **dict.fromkeys(words("s sec secs second seconds 秒 秒钟 秒鐘 초"), 1.0),
    **dict.fromkeys(words("sek sekunde sekunden seconde secondes segundo segundos secondi"), 1.0),
    **dict.fromkeys(words("m min mins minute minutes 分 分钟 分鐘 분"), 60.0),
    **dict.fromkeys(words("minuten minuto minutos minuti"), 60.0),
    **dict.fromkeys(words("h hr hrs hour hours 小时 小時 時間 시간"), 3600.0),
    **dict.fromkeys(words("сек секунд секунда секунды секунде секунду detik saniye giây"), 1.0),
    **dict.fromkeys(words("ثانية ثوان ثواني सेकंड सेकेंड"), 1.0),
    **dict.fromkeys(words("мин минут минута минуты минуту دقيقة मिनट menit dakika phút"), 60.0),
    **dict.fromkeys(words("мс millisekunden millisecondes milisegundos"), 1e-3),
    **dict.fromkeys(words("stunde stunden heure heures hora horas"), 3600.0),
}
"""Unit of time -> seconds. ``m`` is a minute here, so parsers of lengths must not use this."""

LENGTHS = frozenset(
    words(
        "m meter meters metre metres cm centimeter centimeters centimetre centimetres mm "
        "millimeter millimeters millimetre millimetres km ft foot feet in inch inches yd yard "
        "yards sqm sqft sq square squared m2 m^2 cm2 米 厘米 毫米 公分 平方米 平方"
    )
)
"""Units of length and area; they do not change the value of a number."""

FRAMES = frozenset(words("frame frames frm f fps 帧 幀 フレーム 프레임"))
"""Words next to a number of frames, which is not a time."""

START_KEYS = tuple(
    words(
        "start begin onset from takeoff 开始 起始 起点 開始 始 시작 inicio início début debut "
        "anfang beginn начало"
    )
)
"""Stems of keys that name the start of an event."""

TIME_KEYS = tuple(
    words(
        "timestamp timestep timepoint time stamp second moment 时间戳 时间点 时间 時間 "
        "时刻 時刻 秒 시간 시각 tiempo temps zeit tempo время"
    )
)
"""Stems of keys that name the time of an event; used if no key names its start."""

SHORT_TIME_KEYS = frozenset(words("t ts s sec secs at ms msec"))
"""Whole words of keys that name a time."""

END_KEYS = tuple(
    words(
        "end stop finish offset until landing land duration length lasts lasting 结束 终止 终点 "
        "終了 结尾 時長 时长 持续 종료 끝 fin fim ende конец"
    )
)
"""Stems of keys that name the end or the duration of an event."""

OTHER_KEYS = tuple(
    words(
        "frame index confidence score probability prob total count number num height fps 帧 幀 "
        "序号 编号 总数 数量 置信度"
    )
)
"""Stems of keys of numbers that are not times."""

TO = frozenset(
    words(
        "to until till til through thru upto bis hasta sim rightarrow à "
        "至 到 から 부터 에서 まで 까지 до إلى"
    )
)
"""Words between the start and the end of a stretch."""

FROM = frozenset(words("from between starting von zwischen desde de du 从 從 由 自 在 от с من"))
"""Words before the start of a stretch."""

AND = frozenset(words("and & und y et e и و और 和 与 與 及 以及 と 그리고"))
"""Words between the last two items of a row."""

HEDGES = frozenset(
    words(
        "about approximately approx roughly circa ca nearly almost exactly precisely just "
        "the time mark timestamp second around etwa ungefähr environ 大约 大約 大概 约 約 左右 第"
    )
)
"""Words before a value that do not change it."""

TIMES_COUNTED = frozenset(
    words(
        "jump jumps time times skip skips rep reps repetition repetitions rope hop hops bounce "
        "bounces times sprünge sprüngen saltos sauts 次 回 下 번 회 个 個 跳 раз прыжков"
    )
)
"""Words after a count of jumps."""

EVENTS = frozenset(
    words(
        "jump jumps skip skips hop hops rep reps event events bounce bounces repetition "
        "repetitions sprung sprünge salto saltos saut sauts rotation rotations cycle cycles swing "
        "swings set sets round rounds attempt attempts 跳 跳跃 跳绳 第 прыжок"
    )
)
"""Words for one event; a whole number after one of them is its index."""
PLURALS = frozenset(words("jumps skips hops reps repetitions events bounces times"))
"""Words for several events; a single whole number after one of them is a count."""

AT = frozenset(
    words(
        "at @ around about near approximately is are was were occur occurs occurred happen happens "
        "happened bei um a à en em в 在 于 於 是 为"
    )
)
"""Words before a time."""

TOTALS = frozenset(
    words(
        "total totals count counted counts number sum altogether overall 共 总共 一共 总计 总数 "
        "次数 总次数 合计 共计 总 insgesamt gesamt anzahl"
    )
)
"""Words on a line that reports a count of events."""

WHOLES = frozenset(
    words(
        "long clip video footage recording apart interval intervals gap gaps duration later each "
        "per cycle window"
    )
)
"""Words after a duration, which is not the time of an event."""

LASTING = frozenset(
    words("in of over within for last lasts lasting total every per apart spans spanning")
)
"""Words before a duration."""

ANSWER_KEYS = frozenset(
    ("answer", "final answer", "the answer", "my answer", "the final answer", "correct answer")
) | frozenset(words("答案 答 回答 prediction"))
"""Keys of the answer itself."""

ORDINALS: dict[str, int] = {
    word: number
    for number, word in enumerate(
        words("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"),
        start=1,
    )
}

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
UNITS: dict[str, int] = {word: value for value, word in enumerate(words(_SMALL))}
"""``zero`` to ``nineteen``."""
TENS: dict[str, int] = {
    word: 10 * value
    for value, word in enumerate(
        words("twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
}
POWERS: dict[str, int] = {"hundred": 100, "thousand": 1000, "million": 1_000_000}

YES = frozenset(
    words("yes yeah yep true correct 是 是的 对 有 对的 正确 可以 能 会 はい 네 예 oui ja да sí")
)
NO = frozenset(
    words(
        "no nope false incorrect 否 不是 不 没有 错 错误 不对 不是的 不可以 不能 不会 いいえ "
        "아니요 아니오 non nein нет"
    )
)


KEYS = frozenset({*START_KEYS, *TIME_KEYS, *END_KEYS, *OTHER_KEYS, *TOTALS, *EVENTS, *AT})
"""Words that the tokenizer keeps whole in scripts without spaces."""


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, longest first.

    >>> alternatives(["s", "sec"])
    '(?:sec|s)'
    """
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"
