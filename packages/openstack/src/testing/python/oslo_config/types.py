class Number:
    def __init__(self, min=None, max=None):
        self.min = min
        self.max = max

    def __call__(self, value):
        number = self.convert(str(value).strip())
        if self.min is not None and number < self.min:
            raise ValueError('Should be greater than or equal to %g' % self.min)
        if self.max is not None and number > self.max:
            raise ValueError('Should be less than or equal to %g' % self.max)
        return number


class Integer(Number):
    type_name = 'integer value'
    convert = int


class Float(Number):
    type_name = 'floating point value'
    convert = float


class Boolean:
    type_name = 'boolean value'

    def __call__(self, value):
        lower = value.lower()
        if lower in ('true', '1', 'on', 'yes'):
            return True
        if lower in ('false', '0', 'off', 'no'):
            return False
        raise ValueError('Unexpected boolean value %r' % value)


class String:
    type_name = 'string value'

    def __init__(self, choices=None):
        self.choices = dict.fromkeys(choices) if choices else None

    def __call__(self, value):
        if self.choices and value not in self.choices:
            raise ValueError('Valid values are %s, but found %r' % (list(self.choices), value))
        return value


class List:
    type_name = 'list value'

    def __call__(self, value):
        return [one.strip() for one in value.split(',')]
