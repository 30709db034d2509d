// The script of a report, as it stands in the page. Texts of models and data sets are read from the page as texts and
// are written as texts; nothing here makes markup of them.
(() => {
  const REFRESH_MILLISECONDS = 4000;
  const main = document.querySelector('main');
  const find = (id) => document.getElementById(id);

  const number = (text) => (text === '' || text === null ? undefined : Number(text));

  /** What an order sorts by, the largest first; absent values come last. The order by the seed is the page's own. */
  const ORDERS = {
    changed: ({ dataset }) => number(dataset.change) && Math.abs(number(dataset.change)),
    best: ({ dataset }) => number(dataset.score),
    worst: ({ dataset }) => (number(dataset.score) === undefined ? undefined : -number(dataset.score)),
  };

  /** How many clips are shown now, after `more`. */
  let room = 0;

  const clipsIn = (cards) => {
    const picked = [...cards.children];
    const texts = new Map(picked.map((card) => [card, card.textContent.toLowerCase()]));
    const first = Number(cards.dataset.first);
    const [search, order, more, found] = ['search', 'order', 'more', 'found'].map(find);
    const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches;

    /** Plays the first clips in view; others wait for their controls. */
    const watched = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries)
        if (isIntersecting && playing.has(target)) target.play().catch(() => undefined);
        else target.pause();
    });
    let playing = new Set();

    const show = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const by = ORDERS[order.value];
      const wanted = picked.filter((card) => words.every((word) => texts.get(card).includes(word)));
      if (by) {
        const keys = new Map(wanted.map((card) => [card, by(card) ?? Number.NEGATIVE_INFINITY]));
        wanted.sort((a, b) => (keys.get(b) > keys.get(a) ? 1 : keys.get(b) < keys.get(a) ? -1 : 0));
      }
      const shown = new Set(wanted.slice(0, room));
      for (const card of picked) card.hidden = !shown.has(card);
      cards.append(...wanted, ...picked.filter((card) => !wanted.includes(card)));
      found.textContent = `${shown.size} of ${wanted.length}${words.length > 0 ? ` found in ${picked.length}` : ''}`;
      more.parentElement.hidden = shown.size === wanted.length;
      more.textContent = `Show ${Math.min(4 * first, wanted.length - shown.size)} more`;
      watched.disconnect();
      const videos = [...shown].map((card) => card.querySelector('video')).filter(Boolean);
      playing = new Set(reduced ? [] : videos.slice(0, first));
      for (const video of videos) {
        video.preload = 'metadata';
        watched.observe(video);
      }
    };
    const anew = () => {
      room = first;
      show();
    };
    search.addEventListener('input', anew);
    order.addEventListener('change', anew);
    more.addEventListener('click', () => {
      room += 4 * first;
      show();
    });
    room = Math.max(room, first);
    search.closest('.tools').hidden = false;
    show();
  };

  const stepsIn = (slider) => {
    const steps = [...document.querySelectorAll('.step')];
    const [output] = slider.closest('.tools').querySelectorAll('output');
    const show = () => {
      const at = Number(slider.value);
      for (const [i, step] of steps.entries()) step.hidden = i !== at;
      slider.dataset.step = steps[at].dataset.step;
      output.textContent = `step ${slider.dataset.step}`;
      slider.setAttribute('aria-valuetext', output.textContent);
    };
    slider.addEventListener('input', show);
    slider.closest('.tools').hidden = steps.length < 2;
    show();
  };

  /** The values of the step at the pointer, or at the one that the arrow keys have come to. */
  const valuesIn = (chart) => {
    const { x, steps, lines } = JSON.parse(chart.dataset.chart);
    const svg = chart.querySelector('svg');
    const [, , width] = svg.getAttribute('viewBox').split(' ').map(Number);
    const [line, tip] = ['at', 'tip'].map((name) => {
      const element = document.createElement('div');
      element.className = name;
      element.hidden = true;
      return element;
    });
    tip.setAttribute('role', 'status');
    chart.append(line, tip);
    const span = steps.at(-1) - steps[0] || 1;
    const place = (step) => (x[0] + ((step - steps[0]) / span) * (x[1] - x[0])) / width;
    let at = steps.length - 1;
    const hide = () => {
      line.hidden = tip.hidden = true;
    };
    const show = (i) => {
      at = Math.min(steps.length - 1, Math.max(0, i));
      const title = document.createElement('p');
      title.textContent = `step ${steps[at]}`;
      const rows = lines
        .filter(({ values }) => values[at] !== null)
        .map(({ name, colour, values }) => {
          const row = document.createElement('p');
          const dot = document.createElement('i');
          dot.style.background = colour;
          row.append(dot, `${name} ${values[at]}`);
          return row;
        });
      tip.replaceChildren(title, ...rows);
      line.hidden = tip.hidden = false;
      const left = place(steps[at]) * chart.clientWidth;
      line.style.left = `${left}px`;
      tip.style.left = `${Math.max(0, Math.min(left + 8, chart.clientWidth - tip.offsetWidth))}px`;
    };
    chart.addEventListener('pointermove', ({ clientX }) => {
      const { left, width: wide } = chart.getBoundingClientRect();
      const distances = steps.map((step) => Math.abs(place(step) * wide - (clientX - left)));
      show(distances.indexOf(Math.min(...distances)));
    });
    chart.addEventListener('pointerleave', hide);
    chart.addEventListener('focus', () => show(at));
    chart.addEventListener('blur', hide);
    chart.addEventListener('keydown', ({ key }) => {
      if (key === 'ArrowLeft') show(at - 1);
      else if (key === 'ArrowRight') show(at + 1);
      else if (key === 'Escape') hide();
    });
  };

  /** Brings a part of the page to life that has just come into it. */
  const enliven = (part) => {
    for (const chart of part.querySelectorAll('.chart')) valuesIn(chart);
    const [cards, slider] = [part.querySelector('#cards'), part.querySelector('#step')];
    if (cards) clipsIn(cards);
    if (slider) stepsIn(slider);
  };

  /** Frames such as MLflow's open no windows: there a link's address stands beside it, to be copied. */
  const showAddresses = () => {
    if (window === window.parent) return;
    document.documentElement.classList.add('framed');
    for (const a of document.querySelectorAll('a[href]')) {
      const address = document.createElement('span');
      address.className = 'address';
      address.textContent = a.href;
      a.after(address);
    }
  };

  /** Details are open on paper. */
  const openForPrint = () => {
    let closed = [];
    addEventListener('beforeprint', () => {
      closed = [...document.querySelectorAll('details:not([open])')];
      for (const each of closed) each.open = true;
    });
    addEventListener('afterprint', () => {
      for (const each of closed) each.open = false;
    });
  };

  const nameOf = (part) => part.id || part.getAttribute('aria-labelledby');

  /** What a person has set in a part of the page, to be set again in the part that takes its place. */
  const settingsOf = (part) => {
    const search = part.querySelector('#search')?.value;
    const order = part.querySelector('#order')?.value;
    const slider = part.querySelector('#step');
    // A person who looks at the last step goes on to look at the last.
    const step = slider && slider.value !== slider.getAttribute('max') ? Number(slider.dataset.step) : undefined;
    const open = [...part.querySelectorAll('details')].map((each) => each.open);
    return (fresh) => {
      if (search) fresh.querySelector('#search').value = search;
      const orders = fresh.querySelector('#order');
      if (orders && [...orders.options].some(({ value }) => value === order)) orders.value = order;
      if (step !== undefined) {
        const distances = [...fresh.querySelectorAll('.step')].map((each) => Math.abs(each.dataset.step - step));
        fresh.querySelector('#step').value = String(distances.indexOf(Math.min(...distances)));
      }
      const details = [...fresh.querySelectorAll('details')];
      if (details.length === open.length) for (const [i, each] of details.entries()) each.open = open[i];
    };
  };

  /** Puts the parts of a newer page in place of those that differ, and leaves the others as they are. */
  const replaceParts = (newer) => {
    const old = new Map([...main.children].map((part) => [nameOf(part), part]));
    const inView = [...old.values()].find((part) => part.getBoundingClientRect().bottom > 0);
    const top = inView?.getBoundingClientRect().top;
    const focused = document.activeElement?.id;
    const arrived = [];
    const parts = [...newer.children].map((fresh) => {
      const known = old.get(nameOf(fresh));
      if (known?.dataset.hash !== undefined && known.dataset.hash === fresh.dataset.hash) return known;
      arrived.push({ fresh, set: known && settingsOf(known) });
      return fresh;
    });
    for (const part of old.values()) if (!parts.includes(part)) part.remove();
    let place = main.firstElementChild;
    for (const part of parts) {
      if (part === place) place = place.nextElementSibling;
      else main.insertBefore(part, place);
    }
    for (const { fresh, set } of arrived) {
      set?.(fresh);
      enliven(fresh);
    }
    if (focused && document.activeElement?.id !== focused) find(focused)?.focus({ preventScroll: true });
    const stands = parts.find((part) => inView && nameOf(part) === nameOf(inView));
    if (stands) scrollBy(0, stands.getBoundingClientRect().top - top);
  };

  const say = (text) => {
    const refreshed = find('refreshed');
    if (refreshed) refreshed.textContent = text;
  };

  /** Asks for the page again while its run goes on; only the computer that the page is on is asked. */
  const keepUpToDate = () => {
    const isServedHere = location.protocol === 'http:' && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(location.hostname);
    if (!isServedHere || !('goesOn' in main.dataset)) return;
    let tag;
    const look = async () => {
      try {
        const answer = await fetch(location.href, { cache: 'no-cache' });
        if (!answer.ok) throw new Error(String(answer.status));
        const newest = answer.headers.get('etag');
        if (newest === null || newest !== tag) {
          const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
          const newer = page.querySelector('main');
          if (newer) {
            replaceParts(newer);
            document.title = page.title;
            if (!('goesOn' in newer.dataset)) return;
          }
          tag = newest ?? undefined;
        }
        say(`Looked for changes at ${new Date().toLocaleTimeString()}.`);
      } catch {
        say('The page is no longer refreshed, since nothing answers at its address; videocap open shows it again.');
      }
      setTimeout(look, REFRESH_MILLISECONDS);
    };
    setTimeout(look, REFRESH_MILLISECONDS);
  };

  enliven(main);
  showAddresses();
  openForPrint();
  keepUpToDate();
})();
