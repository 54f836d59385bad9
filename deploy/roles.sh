#!/bin/sh
# Run once by a new PostgreSQL, as its superuser: whosaw's database and the three logins, none of them a superuser.
#   whosaw_owner   owns the schema; only `whosaw migrate` is it
#   whosaw_api     appends and reads; can not change what is of record
#   whosaw_follow  reads entries, writes projections; sees no key and no reference
set -eu
export SECRETS="${SECRETS:-/run/secrets}"

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set owner `cat "$SECRETS/owner_password"`
\set api `cat "$SECRETS/api_password"`
\set follow `cat "$SECRETS/follow_password"`
CREATE ROLE whosaw_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE whosaw_api LOGIN NOINHERIT PASSWORD :'api';
CREATE ROLE whosaw_follow LOGIN NOINHERIT PASSWORD :'follow';
GRANT whosaw_api, whosaw_follow TO whosaw_owner WITH ADMIN OPTION;
CREATE DATABASE whosaw OWNER whosaw_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE whosaw FROM PUBLIC;
GRANT CONNECT ON DATABASE whosaw TO whosaw_api, whosaw_follow;
SQL
