"""`keystone-manage trust_flush` with the days that have to have passed, instead of a date."""
import datetime
import sys


def main():
    days = datetime.timedelta(days=int(sys.argv.pop(1)))
    date = datetime.datetime.now(datetime.timezone.utc) - days
    sys.argv += ['trust_flush', '--date', date.strftime('%d-%m-%Y')]

    from keystone.cmd.manage import main as manage
    manage()


if __name__ == '__main__':
    main()
