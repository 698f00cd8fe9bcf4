# The broker as an image: built in one stage, run from another without a compiler, a package manager's cache or root.
#   docker build -t drawbridge .
#   docker run -v drawbridge:/var/lib/drawbridge -v ./drawbridge.toml:/etc/drawbridge/drawbridge.toml:ro -p 8080:8080 drawbridge

FROM rust:1.95-slim-bookworm AS build
# All but the first are for the second opinion on SAML responses (feature `samael`), by libxmlsec1.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends build-essential pkg-config libssl-dev libxml2-dev \
    libxslt1-dev libxmlsec1-dev libclang-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src

# Other people's crates in a layer of their own, which changes with Cargo.lock alone.
COPY Cargo.toml Cargo.lock ./
COPY crates/saml/Cargo.toml crates/saml/
RUN mkdir src benches crates/saml/src && touch src/lib.rs crates/saml/src/lib.rs \
    && echo 'fn main() {}' | tee src/main.rs > benches/floor.rs \
    && cargo build --locked --profile dist --bin drawbridge && rm -r src benches crates/saml/src

COPY . .
RUN touch src/lib.rs src/main.rs crates/saml/src/lib.rs && cargo build --locked --profile dist --bin drawbridge


FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates libxmlsec1-openssl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/drawbridge --create-home --shell /usr/sbin/nologin drawbridge \
    && chmod 0700 /var/lib/drawbridge
COPY --from=build /src/target/dist/drawbridge /usr/local/bin/drawbridge

USER drawbridge
WORKDIR /var/lib/drawbridge
VOLUME /var/lib/drawbridge
EXPOSE 8080
ENTRYPOINT ["drawbridge"]
CMD ["serve", "--config", "/etc/drawbridge/drawbridge.toml"]
