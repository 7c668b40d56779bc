// A certified OpenID provider (npm oidc-provider) as a process of its own: node openid_provider.mjs PORT BACK LEFT CLAIMS.json
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, back, left, extra] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'bangvang',
    client_secret: 'a secret of the test, known to two processes',
    redirect_uris: [back],
    post_logout_redirect_uris: [left],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  pkce: { required: () => true },
  conformIdTokenClaims: false,  // claims of the scopes stand in the id token
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  // who types a name is that one; groups stand in a file that the test writes
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, ...JSON.parse(readFileSync(extra, 'utf8')) }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
