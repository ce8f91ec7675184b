"""Where rows come from. Every source yields the same thing: pieces in the catalog's shape."""
