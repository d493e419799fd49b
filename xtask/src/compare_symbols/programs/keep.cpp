// Templates, lambdas, virtual calls and inlining, for `cargo xtask compare-symbols`.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace shop {
struct Shape {
    virtual ~Shape() = default;
    virtual long area() const = 0;
};

template <typename Number> struct Square : Shape {
    Number side;
    explicit Square(Number side) : side(side) {}
    long area() const override { return static_cast<long>(side * side); }
};

template <typename Key, typename Value> class Cache {
    std::map<Key, std::vector<Value>> kept;

public:
    void put(const Key &key, Value value) { kept[key].push_back(std::move(value)); }
    template <typename Function> long each(Function function) const {
        long total = 0;
        for (const auto &entry : kept)
            for (const auto &value : entry.second) total += function(value);
        return total;
    }
};

namespace {
__attribute__((noinline)) long apply(const std::function<long(long)> &function, long value) {
    return function(value);
}
}
}

int main(int count, char **words) {
    shop::Cache<std::string, std::unique_ptr<shop::Shape>> cache;
    for (int round = 0; round < 10; round++) {
        cache.put(words[0], std::make_unique<shop::Square<int>>(round + count));
        cache.put("other", std::make_unique<shop::Square<double>>(round * 0.5));
    }
    long total = cache.each([](const auto &shape) { return shape->area(); });
    total += shop::apply([count](long value) { return value * count; }, 12);
    std::vector<std::string> names = {"b", "a", "c"};
    std::sort(names.begin(), names.end(), [](auto &one, auto &other) { return one > other; });
    std::printf("%ld %s\n", total, names[0].c_str());
}
