/** The server beneath the app: what it lets callers hold, with or without TLS, and how it ends. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { messageOf, RunError, setting } from "../base/index.ts";
import type { TlsFiles } from "./credentials.ts";

/** How a server is made. */
export interface HttpServerOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Seconds within which a request has come, and within which it is answered. */
  readonly timeout: number;
  /** Callers that may wait for scores. */
  readonly waiting: number;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
}

/** A server. */
export interface HttpServer {
  /** Listens, and gives the address, such as `http://127.0.0.1:8431`. Throws RunError where that is taken. */
  listen(host: string, port: number): Promise<string>;
  /** Connections that begin from now on see this certificate. */
  renew(tls: TlsFiles): void;
  /** Takes no connection any more; settles when those that there are have been answered, or have had the time of a request. */
  close(): Promise<void>;
}

/** Seconds for a request's headers, and for TLS before them. */
const headerSeconds = 10;
/** Connections besides those of callers whose images wait: of those that are told to come back, and of those that ask for less. */
const moreConnections = 2048;

/**
 * Seconds for which a connection waits for its next request: longer than proxies keep one (two minutes in Caddy, one in most others), or a
 * request would now and then meet the end of the connection that it is sent on.
 */
const idleSeconds = 125;

/** Makes a server; it does not listen yet. */
export function makeHttpServer({ fetch, timeout, waiting, tls }: HttpServerOptions): HttpServer {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false }) as RequestListener;
  const limits = {
    headersTimeout: Math.min(headerSeconds, timeout) * 1000,
    requestTimeout: timeout * 1000,
    connectionsCheckingInterval: 500,
    maxHeaderSize: 16_384,
  };
  const secure = tls && { ...limits, ...tls, handshakeTimeout: limits.headersTimeout, allowHalfOpen: true };
  const server: Server | SecureServer = secure ? createSecureServer(secure, listener) : createServer(limits, listener);
  // Every caller that may wait must be able to, or it would be cut off where it should be told that too much waits.
  server.maxConnections = waiting + moreConnections;
  // A caller that reads nothing of its answer, or has gone without a word.
  server.timeout = timeout * 1000 + limits.headersTimeout;
  server.keepAliveTimeout = idleSeconds * 1000;
  // One that has said all it had to say and closes its side still waits for the answer. Node knows the switch, its types do not.
  Object.assign(server, { httpAllowHalfOpen: true });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    listen: (host, port) => listen(server, host, port, tls ? "https" : "http"),
    renew(fresh) {
      if ("setSecureContext" in server) server.setSecureContext(fresh);
    },
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, timeout * 1000);
      await closed;
      clearTimeout(late);
    },
  };
}

function listen(server: Server | SecureServer, host: string, port: number, scheme: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: unknown) => {
      reject(
        new RunError({
          code: "busy",
          subject: `${setting("host")} ${host} and ${setting("port")} ${port}`,
          expected: "an address to listen at",
          got: messageOf(error),
          remedy: { key: "give-setting", setting: `another ${setting("port")}` },
        }),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === "object" && address ? address.port : port;
      resolve(`${scheme}://${host.includes(":") ? `[${host}]` : host}:${bound}`);
    });
  });
}
