// A client whose every call is a span, and tells the API server which.
import {
  ApiError,
  ForwardingClient,
  qualifiedName,
  type Client,
  type ForwardedCall,
  type ForwardedOptions,
} from '@stackwright/kube';
import type { Span } from './tracer.js';

/**
 * The same client with its calls as spans within `span`; a client that was bound to another span leaves that one. When
 * tracing is off it is `client` itself.
 */
export function clientWithin(client: Client, span: Span): Client {
  const inner = client instanceof TracedClient ? client.inner : client;
  return span.recording ? new TracedClient(inner, span) : inner;
}

/** Of watches there are no spans: they go on for minutes, and are not part of what the span is of. */
class TracedClient extends ForwardingClient {
  readonly #span: Span;

  constructor(inner: Client, span: Span) {
    super(inner);
    this.#span = span;
  }

  protected around<T, Options extends ForwardedOptions>(
    call: ForwardedCall,
    options: Options | undefined,
    go: (options: Options | undefined) => Promise<T>,
  ): Promise<T> {
    const { name, attributes } = described(call, options);
    return this.#span.span(
      name,
      attributes,
      async (span) => {
        const { traceparent } = span;
        try {
          // What is added is among the options of every call.
          return await go({ ...options, ...(traceparent && { traceparent }) } as Options);
        } catch (error) {
          if (error instanceof ApiError)
            span.set({ 'http.response.status_code': error.code, 'k8s.reason': error.reason });
          throw error;
        }
      },
      { kind: 'client' },
    );
  }
}

function described(
  call: ForwardedCall,
  options: ForwardedOptions | undefined,
): { name: string; attributes: Record<string, string | boolean | undefined> } {
  if (call.verb === 'raw') {
    const { method, path } = call;
    return {
      name: `${method} raw`,
      attributes: { 'http.request.method': method, 'url.path': path.split('?', 1)[0] },
    };
  }
  const { verb, resource } = call;
  const key: { namespace?: string; name?: string } | undefined = call.key;
  return {
    name: `${verb} ${qualifiedName(resource)}`,
    attributes: {
      'k8s.verb': verb,
      'k8s.resource': qualifiedName(resource),
      'k8s.subresource': options?.subresource,
      'k8s.namespace.name': key?.namespace,
      'k8s.object.name': key?.name,
      'k8s.dry_run': options?.dryRun,
    },
  };
}
