// A provider that signs everybody in as one account, without asking: what it is told stands in the environment, and
// where it listens is the first line it prints.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const { clientId, clientSecret, redirectUri, account } = JSON.parse(process.env.TEND_PROVIDER)
const PUBLIC = { client_id: clientId, token_endpoint_auth_method: 'none' }
const CONFIDENTIAL = { client_id: clientId, client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' }

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [{ ...(clientSecret ? CONFIDENTIAL : PUBLIC), redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...account, sub: id }) }),
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (request.url.startsWith('/interaction/')) {
      provider.interactionFinished(request, response, { login: { accountId: account.sub } })
    } else {
      answer(request, response)
    }
  })
  console.log(issuer)
})
