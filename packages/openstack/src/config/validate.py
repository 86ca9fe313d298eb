"""Asks the options of the installed packages, by their entry points, whether they know what an override sets.

Reads check.json, and the files that it speaks of, from its own directory. Ends with 3 where it found something.
"""
import difflib
import importlib.metadata
import json
import os
import sys

from oslo_config import cfg, types

most = 8
kinds = (
    (types.Integer, int, 'an integer'),
    (types.Float, float, 'a number'),
    (types.Boolean, types.Boolean(), 'a boolean'),
)


def normal(section):
    return section if section == 'DEFAULT' else section.lower()


def near(word, words):
    by_lower = {one.lower(): one for one in words}
    close = difflib.get_close_matches(word.lower().replace('-', '_'), by_lower, 1)
    return by_lower[close[0]] if close else None


class Options:
    """Option by section and by the name that it has in a file."""

    def __init__(self, namespaces, owned_only=False):
        self.known = {}
        # Sections → the options of the login that an auth plugin makes of them.
        self.logins = {}
        for namespace in namespaces:
            for group, options in listed(namespace, owned_only):
                for option in options:
                    self.add(getattr(group, 'name', group) or 'DEFAULT', option)

    def add(self, section, option):
        self.known.setdefault(normal(section), {}).setdefault(option.dest, (option, None))
        for old in option.deprecated_opts:
            where, name = old.group or section, old.name or option.dest
            self.known.setdefault(normal(where), {}).setdefault(
                name.replace('-', '_'), (option, (section, option.dest)))

    def of(self, section):
        return self.known.get(normal(section), {})


def listed(namespace, owned_only=False):
    for entry in importlib.metadata.entry_points(group='oslo.config.opts', name=namespace):
        try:
            yield from entry.load()()
        except Exception:
            # What cannot be asked is not to be in the way of somebody who wants nothing judged.
            if not owned_only:
                raise


class File:
    def __init__(self, directory, name, facts):
        self.name = name
        self.facts = facts
        self.problems = []
        self.notes = []
        parsed = {}
        cfg.ConfigParser(os.path.join(directory, name), parsed).parse()
        self.values = {}
        for section, options in parsed.items():
            self.values.setdefault(normal(section), {}).update(options)
        # Nothing is judged but whether it sets what is the controller's, by whatever name.
        self.owned_only = facts.get('ownedOnly', False)
        self.options = Options(facts['namespaces'], self.owned_only)
        for more in facts['dynamic']:
            self.add_dynamic(more)
        self.add_plugins()

    def value(self, section, option):
        written = self.values.get(normal(section), {}).get(option)
        if written:
            return written[-1]
        option, _ = self.options.of(section).get(option, (None, None))
        default = option.default if option else None
        return ','.join(map(str, default)) if isinstance(default, (list, tuple)) else default

    def names(self, given):
        if isinstance(given, list):
            return given
        value = self.value(*given['namedBy'].split('.', 1)) or ''
        return [one.split(':')[0].strip() for one in value.split(',') if one.strip()]

    def add_dynamic(self, more):
        wanted = more['options']
        if 'namespace' in wanted:
            options = [option for _, some in listed(wanted['namespace'], self.owned_only) for option in some]
        else:
            options = [cfg.StrOpt(name) for name in self.names(wanted)]
        for section in self.names(more['sections']):
            for option in options:
                self.options.add(section, option)

    def add_plugins(self):
        """Where an auth plugin is configured, its options are those of the section."""
        sections = [one for one, known in self.options.known.items() if 'auth_type' in known]
        if self.owned_only:
            sections = [one for one in sections if 'auth_type' in self.facts['owned'].get(one, {})]
        if sections:
            from keystoneauth1 import loading
        for section in sections:
            plugin = self.value(section, 'auth_type') or 'password'
            try:
                options = loading.get_plugin_loader(plugin).get_options()
            except Exception:
                have = ', '.join(sorted(loading.get_available_plugin_names()))
                self.report(section, 'auth_type', f'no such plugin; there is {have}')
                continue
            for option in options:
                self.options.add(section, option._to_oslo_opt())
                self.options.logins.setdefault(section, set()).add(option.dest)

    def why_owned(self, section, name):
        """Why the controller must own what this option sets: it, or the option whose older name it is."""
        owned = self.facts['owned'].get(normal(section), {})
        if name in owned:
            return owned[name]
        # What else there is to a login that is ours makes it another one.
        return owned.get('auth_type') if name in self.options.logins.get(normal(section), ()) else None

    def report(self, section, option, problem):
        where = section if option is None else f'{section}.{option}'
        self.problems.append(f'spec.config["{self.name}"].{where}: {problem}')

    def note(self, section, option, note):
        self.notes.append(f'spec.config["{self.name}"].{section}.{option} {note}')

    def check(self):
        if self.owned_only:
            self.check_owned()
            return
        for section, options in self.facts['set'].items():
            known = self.options.of(section)
            if not known:
                self.report(section, None, 'no such section' + self.section_for(section, options))
                continue
            for name, secret in options.items():
                option, now = known.get(name, (None, None))
                if option is None:
                    self.report(section, name, 'no such option' + self.option_for(section, name))
                    continue
                place = now or (section, option.dest)
                why = self.why_owned(*place)
                if why:
                    is_called = f'is called [{place[0]}] {place[1]} now, which ' if now else ''
                    self.report(section, name, f'{is_called}cannot be set: {why}')
                    continue
                if now and now != (section, name):
                    self.note(section, name, f'is called [{now[0]}] {now[1]} now')
                elif option.deprecated_for_removal:
                    self.note(section, name, 'will go with a later release')
                self.check_values(section, name, option, secret)

    def check_owned(self):
        for section, options in self.facts['set'].items():
            for name in options:
                option, now = self.options.of(section).get(name, (None, None))
                why = option and self.why_owned(*(now or (section, option.dest)))
                if why:
                    is_called = f'is called [{now[0]}] {now[1]} now, which ' if now else ''
                    self.report(section, name, f'{is_called}cannot be set: {why}')

    def check_values(self, section, name, option, secret):
        values = self.values.get(normal(section), {}).get(name, [])
        if len(values) > 1 and not option.multi:
            self.report(section, name, 'takes one value, not a list')
            return
        for value in values:
            plain = value.replace('$$', '')
            # Stands for another option, whose value is not known before all are.
            if '$' in plain:
                continue
            try:
                option.type(value.replace('$$', '$'))
            except ValueError as error:
                self.report(section, name, problem_of(option, value, error, secret))

    def section_for(self, section, options):
        close = near(section, self.options.known)
        return f'; did you mean {close}?' if close else self.elsewhere(next(iter(options), ''), True)

    def option_for(self, section, name):
        close = near(name, self.options.of(section))
        return f'; did you mean {close}?' if close else self.elsewhere(name)

    def elsewhere(self, name, named=False):
        have = sorted(one for one, known in self.options.known.items() if name in known)
        return f'; [{have[0]}] has {name if named else "it"}' if have else ''


def problem_of(option, value, error, secret):
    hidden = secret or option.secret
    what = 'its value' if hidden else f'"{value}"'
    choices = getattr(option.type, 'choices', None)
    if choices:
        return f'{what} is none of {", ".join(map(str, choices))}'
    if hidden:
        return f'{what} is not a valid {option.type.type_name}'
    for kind, convert, article in kinds:
        if isinstance(option.type, kind) and not fits(convert, value):
            return f'{what} is not {article}'
    text = str(error)
    return f'{what} is refused: {text[:1].lower()}{text[1:]}'


def fits(convert, value):
    try:
        convert(value)
        return True
    except ValueError:
        return False


def tell(lines, termination_log):
    """To whoever reads the log, and to the controller, which reads the Pod's status."""
    if len(lines) > most:
        lines = [*lines[:most], f'and {len(lines) - most} more']
    text = '\n'.join(lines)
    print(text)
    try:
        with open(termination_log, 'w') as file:
            file.write(text)
    except OSError:
        pass


def main(directory, termination_log='/dev/termination-log'):
    with open(os.path.join(directory, 'check.json')) as file:
        files = [File(directory, name, facts) for name, facts in json.load(file).items()]
    for file in files:
        file.check()
    problems = [problem for file in files for problem in file.problems]
    tell(problems or [note for file in files for note in file.notes], termination_log)
    return 3 if problems else 0


if __name__ == '__main__':
    sys.exit(main(os.path.dirname(os.path.abspath(__file__))))
