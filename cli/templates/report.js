// Search, filters, sorting and copying. The page is complete without it; the choice is kept in the address (#…), so that a reload keeps it.
(function () {
  'use strict';
  var byId = function (id) { return document.getElementById(id); };
  var list = byId('list'), search = byId('search'), problem = byId('problem'), sort = byId('sort');
  var count = byId('count'), shown = byId('shown'), empty = byId('empty'), clear = byId('clear'), said = byId('said');
  var toggles = Array.prototype.slice.call(document.querySelectorAll('.toggle'));
  var number = new Intl.NumberFormat('en-GB');
  var collator = new Intl.Collator('en-GB', { numeric: true });

  // Lower case, without accents or invisible direction marks: "sohne" finds "Söhne".
  function plain(text) {
    return text.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '').replace(/\s+/g, ' ');
  }
  function textOf(element, name) {
    var found = element.getElementsByClassName(name)[0];
    return found ? found.textContent : '';
  }
  // What an account reference becomes is looked for too.
  function becomes(element) {
    var all = element.getElementsByClassName('a');
    return Array.prototype.map.call(all, function (one) { return one.textContent; }).join('\n');
  }

  var rows = Array.prototype.map.call(list.children, function (element, position) {
    var id = textOf(element, 'i'), name = textOf(element, 'n'), reference = textOf(element, 'r');
    return {
      element: element, position: position, visible: true, id: id, name: name, reference: reference,
      outcome: element.getAttribute('data-o'), code: element.getAttribute('data-c'), toDo: element.getAttribute('data-t'),
      text: plain([name, id, reference, textOf(element, 'x'), textOf(element, 'm'), becomes(element)].join('\n')),
    };
  });
  // The problems to choose from, in the order and the words of the to-do list; one with several
  // cures is offered as a whole and cure by cure.
  var options = [], known = {}, titles = {};
  function offer(key, title) {
    titles[key] = title.length > 90 ? title.slice(0, 89) + '…' : title;
    known[key] = true;
    var option = new Option('', key);
    problem.add(option);
    options.push({ key: key, option: option });
  }
  Array.prototype.forEach.call(document.querySelectorAll('[data-show]'), function (button) {
    var key = button.getAttribute('data-show'), code = button.getAttribute('data-code');
    var title = button.getAttribute('data-title'), several = button.getAttribute('data-several');
    if (!known[code]) offer(code, several ? title + ', any cure' : title);
    if (several) offer(key, title + ', ' + several);
  });
  byId('problem-field').hidden = problem.options.length < 2;

  function key(row, by) {
    if (by === 'name') return row.name;
    if (by === 'reference') return row.reference;
    return row.id;
  }
  // Each order is worked out once.
  var orders = {};
  function ordered(by) {
    if (!orders[by]) {
      if (by === 'harm') return rows; // as the report was written
      var base = by === 'number' ? rows : ordered('number');
      orders[by] = base.slice().sort(function (a, b) {
        var x = key(a, by), y = key(b, by);
        if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1); // without a reference: last
        return collator.compare(x, y);
      });
    }
    return orders[by];
  }
  var arranged = rows;
  function arrange(by) {
    var order = ordered(by);
    if (order.every(function (row, at) { return row === arranged[at]; })) return;
    var all = document.createDocumentFragment();
    list.textContent = ''; // at once, with the blanks between: taken out one by one, each would be laid out again
    order.forEach(function (row) { all.appendChild(row.element); });
    list.appendChild(all);
    arranged = order;
  }

  function chosen() {
    return {
      outcomes: toggles.filter(function (t) { return t.getAttribute('aria-pressed') === 'true'; }).map(function (t) { return t.getAttribute('data-outcome'); }),
      problem: problem.value, search: search.value, sort: sort.value,
    };
  }
  function choose(state) {
    toggles.forEach(function (t) { t.setAttribute('aria-pressed', String(state.outcomes.indexOf(t.getAttribute('data-outcome')) >= 0)); });
    problem.value = Object.prototype.hasOwnProperty.call(known, state.problem) ? state.problem : '';
    search.value = state.search;
    sort.value = /^(harm|number|name|reference)$/.test(state.sort) ? state.sort : 'harm';
    apply();
  }

  function readAddress() {
    var given = new URLSearchParams(location.hash.slice(1));
    return {
      outcomes: (given.get('outcome') || '').split(','), problem: given.get('problem') || '', search: given.get('search') || '', sort: given.get('sort') || 'harm',
    };
  }
  var written = location.hash;
  function writeAddress(state) {
    var next = new URLSearchParams();
    if (state.outcomes.length) next.set('outcome', state.outcomes.join(','));
    if (state.problem) next.set('problem', state.problem);
    if (state.search) next.set('search', state.search);
    if (state.sort !== 'harm') next.set('sort', state.sort);
    var hash = next.toString() ? '#' + next.toString().replace(/%2C/g, ',') : '';
    if (hash === location.hash) return;
    try {
      history.replaceState(null, '', hash || location.pathname + location.search);
    } catch (refused) {
      try { location.replace(hash || '#'); } catch (again) { /* the filters work all the same */ }
    }
    written = location.hash;
  }

  function add(counts, key) { counts[key] = (counts[key] || 0) + 1; }
  // The number beside each filter is that of the rows which it shows on top of the others.
  function tellCounts(outcomes, problems) {
    toggles.forEach(function (toggle) {
      var count = outcomes[toggle.getAttribute('data-outcome')] || 0;
      toggle.getElementsByClassName('num')[0].textContent = number.format(count);
    });
    options.forEach(function (one) {
      one.option.textContent = titles[one.key] + ' (' + number.format(problems[one.key] || 0) + ')';
    });
  }

  function apply() {
    var state = chosen();
    var words = plain(state.search).split(' ').filter(Boolean);
    var visible = 0, outcomes = {}, problems = {};
    rows.forEach(function (row) {
      var isFound = words.every(function (word) { return row.text.indexOf(word) >= 0; });
      var hasOutcome = !state.outcomes.length || state.outcomes.indexOf(row.outcome) >= 0;
      var hasProblem = !state.problem || row.code === state.problem || row.toDo === state.problem;
      if (isFound && hasProblem) add(outcomes, row.outcome);
      if (isFound && hasOutcome && row.code) {
        add(problems, row.code);
        if (row.toDo !== row.code) add(problems, row.toDo);
      }
      var fits = isFound && hasOutcome && hasProblem;
      if (fits) visible += 1;
      if (fits !== row.visible) {
        row.visible = fits;
        row.element.hidden = !fits;
      }
    });
    arrange(state.sort);
    tellCounts(outcomes, problems);
    var filtered = state.outcomes.length > 0 || state.problem !== '' || words.length > 0;
    count.textContent = number.format(visible) + ' of ' + number.format(rows.length) + (rows.length === 1 ? ' contact' : ' contacts');
    empty.hidden = visible > 0 || rows.length === 0;
    clear.hidden = !filtered;
    var said = [];
    if (state.outcomes.length) said.push('outcome ' + toggles.filter(function (t) { return t.getAttribute('aria-pressed') === 'true'; }).map(function (t) { return t.children[1].textContent; }).join(' or '));
    if (state.problem) said.push('problem: ' + (titles[state.problem] || state.problem));
    if (words.length) said.push('search for “' + state.search.trim() + '”');
    shown.textContent = said.length ? 'Only: ' + said.join('; ') : '';
    writeAddress(state);
  }

  // Typing is answered when it pauses.
  var waiting = 0;
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  }
  function now() {
    clearTimeout(waiting);
    apply();
  }
  search.addEventListener('input', soon);
  search.addEventListener('change', now);
  problem.addEventListener('change', now);
  sort.addEventListener('change', now);
  byId('controls').addEventListener('submit', function (event) { event.preventDefault(); now(); });

  function clearAll() {
    clearTimeout(waiting);
    choose({ outcomes: [], problem: '', search: '', sort: sort.value });
    search.focus();
  }
  function comeTo(element) {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: 'start' });
  }

  // Copying: the clipboard's own interface where the browser gives it to a saved file, otherwise by selecting.
  function copyBySelection(element) {
    var selection = getSelection();
    selection.removeAllRanges();
    selection.selectAllChildren(element);
    var done = false;
    try { done = document.execCommand('copy'); } catch (refused) { done = false; }
    if (done) selection.removeAllRanges();
    return done;
  }
  function copy(button) {
    var element = button.parentNode.getElementsByClassName('r')[0], reference = element.textContent;
    function tell(done) {
      button.firstChild.data = done ? 'Copied' : 'Press Ctrl+C';
      said.textContent = done ? 'Copied ' + reference : 'The reference is selected; press Ctrl+C to copy it';
      clearTimeout(button.resting);
      button.resting = setTimeout(function () { button.firstChild.data = 'Copy'; said.textContent = ''; }, 2500);
    }
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(reference).then(function () { tell(true); }, function () { tell(copyBySelection(element)); });
    } else {
      tell(copyBySelection(element));
    }
  }

  document.addEventListener('click', function (event) {
    var target = event.target.closest ? event.target.closest('button, a') : null;
    if (!target) return;
    if (target.classList.contains('copy')) {
      copy(target);
    } else if (target.classList.contains('toggle')) {
      target.setAttribute('aria-pressed', String(target.getAttribute('aria-pressed') !== 'true'));
      now();
    } else if (target.hasAttribute('data-clear')) {
      clearAll();
    } else if (target.hasAttribute('data-show')) {
      choose({ outcomes: [], problem: target.getAttribute('data-show'), search: '', sort: sort.value });
      comeTo(byId('contacts'));
    } else if (target.hasAttribute('data-skip')) {
      event.preventDefault(); // the address holds the filters
      comeTo(byId(target.getAttribute('data-skip')));
    }
  });
  document.addEventListener('keydown', function (event) {
    if (event.key !== '/' || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.target.isContentEditable) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
  window.addEventListener('hashchange', function () {
    if (location.hash !== written) {
      written = location.hash;
      choose(readAddress());
    }
  });

  Array.prototype.forEach.call(document.querySelectorAll('.num, .big'), function (element) {
    element.firstChild.data = number.format(Number(element.firstChild.data));
  });
  document.documentElement.classList.add('js');
  byId('controls').hidden = false;
  choose(readAddress());
}());
