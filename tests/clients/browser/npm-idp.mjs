// An identity provider that is not ours: npm `oidc-provider` over https, with PKCE required and a groups claim.

import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

import Provider from "oidc-provider";

export const people = {
  ann: { name: "Ann Archer", email: "ann@example.com", groups: ["engineering", "admins"] },
  eve: { name: "Eve Stone", email: "eve@example.com", groups: [] },
};

/** Serves the provider for one client; `ca` is a folder made by make-ca. */
export async function startNpmIdp(ca, redirectUri) {
  const tls = { key: readFileSync(join(ca, "leaf.key")), cert: readFileSync(join(ca, "leaf.pem")) };
  const server = createServer(tls);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `https://localhost:${server.address().port}`;
  const client = { client_id: "drawbridge", client_secret: "a+secret/with:signs&to=encode", redirect_uris: [redirectUri] };
  const provider = new Provider(issuer, {
    clients: [{ ...client, token_endpoint_auth_method: "client_secret_basic" }],
    pkce: { required: () => true },
    scopes: ["openid", "profile", "email", "groups"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
    // Claims in the ID token itself, as Okta, Entra and Keycloak put them.
    conformIdTokenClaims: false,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email_verified: true, ...people[sub] }) }),
    // Its own sign-in pages: any password will do.
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ["for these tests alone"] },
    ttl: { AccessToken: 600, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  });
  server.on("request", provider.callback());
  const stop = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { issuer, client, stop };
}
