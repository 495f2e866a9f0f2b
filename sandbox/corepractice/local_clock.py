"""A practice's wall clock without `datetime`, which is too slow where a page of records has a thousand of its times."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

DAY = 86_400
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
SUNDAY = 3  # of days since 1970, modulo 7
_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2008, 2031))
_STEP = 900  # clocks change at quarters of an hour


def _offset(seconds: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


class LocalClock:
    """Seconds since 1970 to local time and back. Exact at every clock change from 2008 to 2030."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._since = [_FIRST]
        self._offsets = [_offset(_FIRST, zone)]
        for day in range(_FIRST, _LAST, DAY):
            if _offset(day + DAY, zone) != self._offsets[-1]:
                changed = next(at for at in range(day, day + DAY + 1, _STEP) if _offset(at, zone) != self._offsets[-1])
                self._since.append(changed)
                self._offsets.append(_offset(changed, zone))
        self._suffixes = [_suffix(offset) for offset in self._offsets]

    def text(self, seconds: int) -> str:
        """As the API writes it: "2024-04-07T02:30:00+10:00"."""
        if not _FIRST <= seconds < _LAST:
            return datetime.fromtimestamp(seconds, self.zone).isoformat()
        place = bisect_right(self._since, seconds) - 1
        day, rest = divmod(seconds + self._offsets[place], DAY)
        minutes, second = divmod(rest, 60)
        return f"{day_text(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{self._suffixes[place]}"

    def day(self, seconds: int) -> int:
        """The local day, in days since 1970."""
        return (seconds + self._offsets[bisect_right(self._since, seconds) - 1]) // DAY

    def moment(self, day: int, second: int) -> int:
        """When it is `second` seconds after midnight of that local day; for times of day at which no clock changes."""
        local = day * DAY + second
        place = bisect_right(self._since, local - self._offsets[0]) - 1
        return local - self._offsets[place]


def _suffix(offset: int) -> str:
    minutes = abs(offset) // 60
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


@lru_cache(maxsize=16_384)
def day_text(day: int) -> str:
    """Days since 1970 as a date: "2024-04-07"."""
    return date.fromordinal(EPOCH_ORDINAL + day).isoformat()


@cache
def clock_of(zone: ZoneInfo) -> LocalClock:
    return LocalClock(zone)
