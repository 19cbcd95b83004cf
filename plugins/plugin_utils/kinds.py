# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values: each takes what the user wrote and a Place, and returns the value or raises Unfit."""

from __future__ import annotations

import datetime
import difflib
import os
import re

import yaml

from ..module_utils.common import names
from ..module_utils.common.errors import InvalidInput

_TRUE = ("1", "on", "t", "true", "y", "yes")
_FALSE = ("0", "f", "false", "n", "no", "off")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Unfit(ValueError):
    """A value that cannot be read; the message is the remedy."""


class Place:
    """Where relative paths begin."""

    def __init__(self, directory):
        self.directory = directory

    def path(self, value):
        return os.path.normpath(os.path.join(self.directory, os.path.expanduser(value)))


def beginning(inventory_dir):
    """Where relative paths begin: the inventory's directory, or the current one without a file of it.

    For -i HOST, Ansible gives the text None.
    """
    return str(inventory_dir) if inventory_dir not in (None, "", "None") else os.getcwd()


def text(check=None):
    def read(value, dummy):
        # YAML reads 2027-01-31 so; of a time with its day nobody would know how it was written.
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = value.isoformat()
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Unfit("use a text")
        if isinstance(value, float):  # 1.10 is 1.1 by now, and nobody would know
            raise Unfit("YAML reads it as a number: put it in quotes")
        if _CONTROL.search(str(value)):
            raise Unfit("it has a control character")
        return check(str(value)) if check else str(value)

    return read


def boolean(value, dummy):
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if isinstance(value, (str, int)) and word in _TRUE + _FALSE:
        return word in _TRUE
    raise Unfit("use true or false")


def switch_or_text(value, place):
    """Yes, no, or a word or path that says what."""
    try:
        return boolean(value, place)
    except Unfit:
        return text()(value, place)


def whole(least, most=1 << 40):
    remedy = (
        "use a whole number, %d or more" % least
        if most == 1 << 40
        else "use a whole number from %d to %d" % (least, most)
    )

    def read(value, dummy):
        if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,13}\s*", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unfit(remedy)
        return value

    return read


port = whole(1, 65535)


def whole_or_off(least):
    """A number of seconds, or 0 for none."""

    def read(value, place):
        value = whole(0)(value, place)
        if 0 < value < least:
            raise Unfit("use %d seconds or more, or 0 to switch it off" % least)
        return value

    return read


def like(pattern, remedy):
    """A text of a certain form."""

    def check(value):
        if not pattern.fullmatch(value):
            raise Unfit(remedy)
        return value

    return text(check)


def one_of(*choices):
    def read(value, dummy):
        if value not in choices:
            raise Unfit("use one of %s%s" % (", ".join(choices), nearest(value, choices)))
        return value

    return read


def path(value, place):
    return place.path(text()(value, place))


def remote_path(value, dummy):
    return names.check_absolute(value, "")


def list_of(read_item, single=False):
    """A list; ``single``: one value is a list of it."""

    def read(value, place):
        value = parsed(value, list)
        if single and not isinstance(value, list):
            value = [value]
        if not isinstance(value, list):
            raise Unfit("use a list")
        return [read_item(item, place) for item in value]

    return read


def dictionary(check=None):
    def read(value, place):
        value = parsed(value, dict)
        if not isinstance(value, dict):
            raise Unfit("use a dictionary")
        return check(value, place) if check else value

    return read


def parsed(value, kind):
    """A list or a dictionary that was given as text, as by ``-e``."""
    opening = "[" if kind is list else "{"
    if isinstance(value, str) and value.strip().startswith(opening):
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError as error:
            # Without YAML's own message, which shows the text: it may hold a secret.
            raise Unfit("it is no YAML: look at character %d" % _place_of(error)) from error
    return value


def _place_of(error):
    """Where YAML stopped, from 1 on."""
    mark = getattr(error, "problem_mark", None)
    return (mark.index if mark else getattr(error, "position", 0)) + 1


def options(table, field, elsewhere=None):
    """A dictionary whose keys are those of an option table: each is read by its type there.

    ``elsewhere``: options that have a variable of their own, which would win without a word.
    """
    elsewhere = elsewhere or {}

    def read(value, place):
        result = {}
        for key, item in value.items():
            if key in elsewhere:
                raise InvalidInput(field, key, "set the variable %s instead" % elsewhere[key])
            if key not in table:
                raise InvalidInput(field, key, "there is no such option%s" % _nearest(key, table, elsewhere))
            try:
                result[key] = _option(table[key], item, place)
            except Unfit as error:
                raise InvalidInput("%s.%s" % (field, key), item, str(error)) from error
        return result

    return read


def _option(spec, value, place):
    """One option of a module, given as text or not; the module checks what a dictionary holds."""
    if value is None:
        return None
    word = one_of(*spec["choices"]) if spec.get("choices") else text()
    readers = {
        "bool": boolean,
        "int": whole(0),
        "float": _seconds,
        "percent": _percent,
        "path": path,
        "list": list_of(_entry(spec["options"]) if spec.get("options") else word),
        "dict": dictionary(_entry(spec["options"]) if spec.get("options") else None),
        "raw": switch_or_text,
    }
    return readers.get(spec["type"], word)(value, place)


def _entry(table):
    """An entry of a list of dictionaries."""

    def read(value, place):
        if not isinstance(value, dict):
            raise Unfit("each entry is a dictionary with %s" % ", ".join(table))
        unknown = [key for key in value if key not in table]
        if unknown:
            raise Unfit("%s is unknown in it%s" % (unknown[0], nearest(unknown[0], table)))
        lacking = [key for key, spec in table.items() if spec.get("required") and value.get(key) is None]
        if lacking:
            raise Unfit("each entry needs %s" % lacking[0])
        return {key: _option(table[key], item, place) for key, item in value.items()}

    return read


def _seconds(value, dummy):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < 1e9:  # neither nan nor inf
        raise Unfit("use seconds, 0 or more")
    return number


def _percent(value, dummy):
    try:
        return float(value.strip().rstrip("%") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        raise Unfit("use a percentage, as in 99.9") from None


def _nearest(word, table, elsewhere):
    close = difflib.get_close_matches(str(word), [key for key in table if key not in elsewhere], n=1)
    own = difflib.get_close_matches(str(word), list(elsewhere), n=1)
    if own and not close:
        return "; did you mean the variable %s?" % elsewhere[own[0]]
    return nearest(word, close)


def nearest(word, known):
    """What the user may have meant, as the end of a sentence."""
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return "; did you mean %s?" % close[0] if close else ""
