# Two images: `zonecast`, the program for every role, and `dns`, the name servers that docker-compose.yml shows it with.

ARG NODE_IMAGE=node:24-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim

# ── what is compiled, and what it needs to run
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install script here: the compiler is a plain program, and the one native addon is optional.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY setup ./setup
COPY config ./config
COPY lib ./lib
COPY services ./services
COPY lab ./lab
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

# ── zonecast, without compiler and tests, as a user of its own
FROM ${NODE_IMAGE} AS zonecast
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=32 \
    ZONECAST_CONFIG=/etc/zonecast/zonecast.yaml
RUN groupadd --gid 10001 zonecast \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/zonecast --shell /usr/sbin/nologin zonecast \
 && install -d -o zonecast -g zonecast -m 0750 /var/lib/zonecast /var/lib/zonecast/audit \
 && ln -s /app/dist/services/main.js /usr/local/bin/zonecast
WORKDIR /app
COPY package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY deploy/healthcheck.mjs deploy/make-secrets.mjs ./deploy/
USER 10001:10001
VOLUME /var/lib/zonecast
EXPOSE 8053/tcp 5300/tcp 5300/udp
# For a container that plays the role api, as all do unless told otherwise; docker-compose.yml has one for each role.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "/app/deploy/healthcheck.mjs", "api", "8053"]
ENTRYPOINT ["zonecast"]
CMD ["start"]

# ── Knot, NSD and BIND from Debian, as a user of its own
FROM ${DEBIAN_IMAGE} AS dns
RUN groupadd --gid 10053 dns \
 && useradd --uid 10053 --gid 10053 --no-create-home --home-dir /var/lib/dns --shell /usr/sbin/nologin dns \
 && apt-get update \
 && apt-get install -y --no-install-recommends knot nsd bind9 bind9-dnsutils \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o dns -g dns -m 0750 /var/lib/dns /run/dns
USER 10053:10053
VOLUME /var/lib/dns
EXPOSE 53/tcp 53/udp
