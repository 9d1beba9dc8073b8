package main

import (
	"context"
	"fmt"
	"math"
)

// manyRoutes is the size of the table whose first and last route are compared.
const manyRoutes = 100_000

// withTable has f use a gwproxy that serves n routes and nothing else. It has answered the load.
func (b *bench) withTable(ctx context.Context, n int, f func(p *process, first load) error) error {
	bundle, err := b.compile(ctx, fmt.Sprintf("table%d", n), "table.cue", n)
	if err != nil {
		return err
	}
	p, err := b.startGwproxy(bundle, b.TableAdmin, map[string]int{"plain": b.TablePlain})
	if err != nil {
		return err
	}
	defer func() {
		p.stop()
		b.running = b.running[:len(b.running)-1]
	}()
	first := b.tableLoad(0, 0)
	if err := first.await(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, p.log.String())
	}
	return f(p, first)
}

// tableLoad asks for one of the ten routes of a host.
func (b *bench) tableLoad(host, route int) load {
	return load{
		url:     fmt.Sprintf("http://127.0.0.1:%d/p%d/1k", b.TablePlain, route),
		headers: []string{"Host: " + tableHost(host)}, want: 1 << 10,
	}
}

// measureRoutes asks for the first and the last route of a large table in turns.
func (b *bench) measureRoutes(ctx context.Context, r *results) error {
	return b.withTable(ctx, manyRoutes, func(p *process, first load) error {
		const last = "route 100,000"
		c := benchCase{name: "routes", contenders: []contender{
			{"route 1", first}, {last, b.tableLoad(manyRoutes/10-1, 9)},
		}}
		b.proxies["route 1"], b.proxies[last] = p, p
		if err := b.measureCase(ctx, &c, r); err != nil {
			return err
		}
		of := r.Samples["routes"]
		ratio := compare(of[last], of["route 1"], sample.cpuPerRequest)
		r.Figures = append(r.Figures, figure{
			What: "CPU for route 100,000 of as many, to that for route 1", Value: ratio.String(),
			Bound: "0.90 to 1.10", Met: math.Abs(ratio.Median-1) <= 0.1,
		})
		return nil
	})
}
