// Gets the panel from the kernel, once a page: notebooks save a widget's module, so it is small.
const apps = (globalThis.trackerApps ??= {});

function load(files) {
  const urls = {};
  for (const [name, text] of files) {
    const code = text.replace(
      /"\.\/([\w.]+)"/g,
      (_, file) => `"${urls[file]}"`,
    );
    const blob = new Blob([code], { type: "text/javascript" });
    urls[name] = URL.createObjectURL(blob);
  }
  return import(urls["app.js"]);
}

async function render({ model, el }) {
  const [version, panel] = model.get("panel").split("/");
  const mail = [];
  const link = { mail, take: (...message) => mail.push(message) };
  const app = new Promise((resolve) => {
    link.got = (content, buffers) => {
      if (content.type === "app") apps[version] ??= load(content.files);
      if (apps[version]) resolve(apps[version]);
      link.take(content, buffers);
    };
  });
  link.all = (content, buffers) => link.heard || link.got(content, buffers);
  model.on("msg:custom", link.all);
  link.open = async () => {
    const hello = {
      type: "hello",
      panel,
      app: version in apps,
      plotly: "trackerPlotly" in globalThis,
    };
    try {
      const id = `tracker-${Math.random()}`;
      const comm = await model.widget_manager._create_comm("tracker", id);
      // Opened before its subshell runs, a comm waits for the end of the cell.
      await Promise.race([
        comm.jsServicesComm?.subshellStarted,
        new Promise((resolve) => setTimeout(resolve, 1500)),
      ]).catch(() => {});
      comm.on_msg(({ content, buffers }) => {
        link.heard = true;
        link.got(content.data, buffers);
      });
      comm.open(hello);
      link.comm = comm;
    } catch {
      model.send(hello);
    }
  };
  await link.open();
  return (await app).mount({ el, model, link });
}

export default { render };
