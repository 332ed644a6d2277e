// Shared by all tabs of one browser: holds the only stream to the server and hands its events to every tab.
// A classic worker script on purpose: module workers are not shared in every browser.
importScripts("live-stream.js");
const ports = new Set();
let stream = null;

self.onconnect = (connection) => {
  const port = connection.ports[0];
  port.onmessage = ({ data }) => {
    if (data.type === "bye") {
      ports.delete(port);
      if (!ports.size) stream = stream?.stop() ?? null;
      return;
    }
    ports.add(port);
    if (stream) {
      stream.replay(data.cursor, (message) => port.postMessage(message));
      return;
    }
    stream = self.otklikStream(data.url, data.cursor, (message) => {
      for (const each of ports) each.postMessage(message);
    });
  };
  port.start();
};
