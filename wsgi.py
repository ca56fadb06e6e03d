"""The door of gunicorn: ``gunicorn wsgi:app``. Starts no job: several web workers would run it several times."""

from ioc.app import create_app

app = create_app()
