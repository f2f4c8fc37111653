# Debian's PostgreSQL behind the parts of the official image's contract that docker-compose.yml uses.
FROM debian:bookworm-slim
RUN apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
      --no-install-recommends postgresql-15 >/dev/null
ENV PATH=/usr/lib/postgresql/15/bin:$PATH
RUN mkdir -p /docker-entrypoint-initdb.d /var/lib/postgresql/data && \
    chown -R postgres /var/lib/postgresql /var/run/postgresql && \
    printf '%s\n' '#!/bin/bash' 'set -euo pipefail' 'data=/var/lib/postgresql/data' \
      'if [ ! -s $data/PG_VERSION ]; then' \
      '  initdb -D $data -U postgres -A scram-sha-256 --pwfile=$POSTGRES_PASSWORD_FILE -E UTF8 --locale=C' \
      '  echo "host all all all scram-sha-256" >>$data/pg_hba.conf' \
      '  export PGPASSWORD=$(cat $POSTGRES_PASSWORD_FILE)' \
      '  pg_ctl -D $data -w -o "-c listen_addresses= -k /var/run/postgresql" start' \
      '  createdb -U postgres $POSTGRES_DB' \
      '  for script in /docker-entrypoint-initdb.d/*.sh; do bash $script; done' \
      '  pg_ctl -D $data -w -m fast stop' \
      'fi' \
      'exec postgres -D $data -c "listen_addresses=*"' >/entrypoint.sh && chmod 755 /entrypoint.sh
USER postgres
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["/entrypoint.sh"]
