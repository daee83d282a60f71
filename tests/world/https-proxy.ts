import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as requestPlain, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Server as AnyServer } from 'node:net';
import { join } from 'node:path';

/** Local servers in place of hosts on the internet, with their names and over TLS. */
export interface HttpsProxy {
  /** Variables that make Node, Go and Python use it. */
  environment: Record<string, string>;
  /** Requested hosts that it does not know. */
  refused: Set<string>;
  close(): Promise<void>;
}

/**
 * Starts a proxy that forwards `https://<host>` to a local plain HTTP server, and refuses all other hosts.
 * @param hosts addresses `127.0.0.1:PORT`, keyed by name; `*.name` matches names with one more label
 * @param folder for the certificates, which only programs started with `environment` trust
 */
export async function startHttpsProxy(hosts: Record<string, string>, folder: string): Promise<HttpsProxy> {
  const refused = new Set<string>();
  const find = (host: string): string | undefined => hosts[host] ?? hosts[host.replace(/^[^.]+/, '*')];
  const { key, cert } = makeCertificate(Object.keys(hosts), folder);
  const secure = createSecureServer({ key, cert }, (request, response) => {
    const [host = '', port] = (find(request.headers.host ?? '') ?? '').split(':');
    const headers = { ...request.headers, 'x-forwarded-proto': 'https' };
    const { method, url: path } = request;
    const onward = requestPlain({ host, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await listen(secure);
  const proxy = createServer((_, response) => response.writeHead(501).end());
  proxy.on('connect', (request, socket, head) => {
    const [host = ''] = (request.url ?? '').split(':');
    socket.on('error', () => socket.destroy());
    if (find(host) === undefined) {
      refused.add(host);
      return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    }
    const onward = connect(portOf(secure), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  await listen(proxy);
  return {
    environment: {
      HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`,
      NO_PROXY: '127.0.0.1,localhost',
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
      SSL_CERT_FILE: join(folder, 'cert.pem'),
    },
    refused,
    close: async () => {
      await Promise.all([close(proxy), close(secure)]);
    },
  };
}

function makeCertificate(hosts: string[], folder: string): { key: Buffer; cert: Buffer } {
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  const config = join(folder, 'openssl.cnf');
  writeFileSync(
    config,
    `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=rehearsal\n[ext]\nsubjectAltName=${names}\n` +
      'basicConstraints=critical,CA:TRUE\n',
  );
  const files = ['-keyout', keyFile, '-out', certFile];
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-config', config];
  execFileSync('openssl', ['req', ...kind, ...files], { stdio: 'ignore' });
  return { key: readFileSync(keyFile), cert: readFileSync(certFile) };
}

function listen(server: AnyServer): Promise<void> {
  return new Promise((done) => server.listen(0, '127.0.0.1', done));
}

function portOf(server: AnyServer): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address.port;
}

function close(server: Server | ReturnType<typeof createSecureServer>): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
