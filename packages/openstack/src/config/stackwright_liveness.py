"""Says over HTTP whether this Pod's uwsgi works: a mule, apart from the threads that answer requests.

However many of these are busy with a transfer that takes its time, the interpreter of each worker beats
(stackwright_application.py). One that does not is stuck as a whole, and nothing helps it but another container. A worker that
is away, or has just begun, is uwsgi's matter.
"""
import http.server
import os
import socket
import socketserver
import tempfile
import threading
import time

try:
    import uwsgi
except ImportError:  # in tests
    uwsgi = None

# In memory: a file on a disk would be written for ever.
directory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else tempfile.gettempdir()
# Seconds.
interval = 2
longest = 60


def beat_file(worker):
    return os.path.join(directory, f'stackwright-worker-{worker}')


def beat(worker):
    with open(beat_file(worker), 'a'):
        os.utime(beat_file(worker))


def beat_for_ever(worker):
    while True:
        beat(worker)
        time.sleep(interval)


def begin_to_beat():
    """In a worker."""
    if uwsgi is None:
        return
    threading.Thread(target=beat_for_ever, args=(uwsgi.worker_id(),), daemon=True).start()


def stuck(workers, now):
    """Seconds since the last beat, by the number of the worker."""
    silent = {}
    for worker in workers:
        try:
            since = now - os.stat(beat_file(worker['id'])).st_mtime
        except FileNotFoundError:
            continue
        if worker['pid'] and since > longest:
            silent[worker['id']] = int(since)
    return silent


class Handler(http.server.BaseHTTPRequestHandler):
    # Seconds that a client may be silent.
    timeout = 5

    def do_GET(self):
        silent = stuck(uwsgi.workers(), time.time())
        text = ''.join(f'worker {worker} is stuck for {since} s\n' for worker, since in silent.items()) or 'ok\n'
        self.send_response(503 if silent else 200)
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # HTTPServer's own asks DNS what it is called.
        socketserver.TCPServer.server_bind(self)


def main():
    """Of the mule."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'liveness')) as file:
        port = int(file.read())
    Server(('', port), Handler).serve_forever()


if __name__ == '__main__':
    main()
