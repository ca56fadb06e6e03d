# The centre as an image: one for web, worker and scheduler (compose.yaml says which is which).
FROM python:3.12-slim-bookworm

RUN groupadd --gid 10001 ioc \
    && useradd --system --uid 10001 --gid ioc --home-dir /var/lib/ioc --create-home --shell /usr/sbin/nologin ioc

WORKDIR /opt/ioc
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m dashboards.assets \
    && python -m compileall -q ioc collectors alerts dashboards

ENV IOC_DATA_DIR=/var/lib/ioc \
    IOC_CONFIG_DIR=/etc/ioc/configs \
    PYTHONUNBUFFERED=1
RUN mkdir -p /etc/ioc && cp -a configs /etc/ioc/configs && chown -R ioc:ioc /var/lib/ioc
USER ioc
VOLUME /var/lib/ioc
EXPOSE 8080 2575

CMD ["gunicorn", "--config", "/opt/ioc/gunicorn.conf.py", "--pid", "/var/lib/ioc/run/web.pid", "wsgi:app"]
