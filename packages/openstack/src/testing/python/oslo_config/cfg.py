import configparser

from oslo_config import types


class DeprecatedOpt:
    def __init__(self, name, group=None):
        self.name = name
        self.group = group


class Opt:
    multi = False

    def __init__(self, name, type=None, default=None, secret=False, deprecated_opts=None,
                 deprecated_for_removal=False):
        self.name = name
        self.dest = name.replace('-', '_')
        self.type = type or types.String()
        self.default = default
        self.secret = secret
        self.deprecated_opts = deprecated_opts or []
        self.deprecated_for_removal = deprecated_for_removal


class StrOpt(Opt):
    def __init__(self, name, choices=None, **rest):
        super().__init__(name, types.String(choices), **rest)


class IntOpt(Opt):
    def __init__(self, name, min=None, max=None, **rest):
        super().__init__(name, types.Integer(min, max), **rest)


class FloatOpt(Opt):
    def __init__(self, name, **rest):
        super().__init__(name, types.Float(), **rest)


class BoolOpt(Opt):
    def __init__(self, name, **rest):
        super().__init__(name, types.Boolean(), **rest)


class ListOpt(Opt):
    def __init__(self, name, **rest):
        super().__init__(name, types.List(), **rest)


class MultiStrOpt(StrOpt):
    multi = True


class OptGroup:
    def __init__(self, name):
        self.name = name


class ConfigParser:
    """A name that comes several times has several values."""

    def __init__(self, filename, sections):
        self.filename = filename
        self.sections = sections

    def parse(self):
        with open(self.filename) as file:
            section = None
            for line in file:
                line = line.strip()
                if line.startswith('[') and line.endswith(']'):
                    section = self.sections.setdefault(line[1:-1], {})
                elif line and not line.startswith('#'):
                    if section is None:
                        raise configparser.MissingSectionHeaderError(self.filename, 0, line)
                    name, value = line.split('=', 1)
                    section.setdefault(name.strip(), []).append(value.strip())
