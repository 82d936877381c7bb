import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.preprocessing import MinMaxScaler
from torch.autograd import Variable

torch.manual_seed(int(os.environ.get("SEED", 0)))

training_set = pd.read_csv(Path(__file__).parents[2] / "data" / "airline-passengers.csv").iloc[:, 1:2].values.astype(float)


def sliding_windows(data, seq_length):
    x, y = [], []
    for i in range(len(data) - seq_length):
        x.append(data[i:(i + seq_length)])
        y.append(data[i + seq_length])
    return np.array(x), np.array(y)


train_size = int(len(training_set) * 0.67)
sc = MinMaxScaler().fit(training_set[:train_size])
training_data = sc.transform(training_set)

seq_length = 12
x, y = sliding_windows(training_data, seq_length)
train_size -= seq_length
trainX, trainY = Variable(torch.Tensor(x[:train_size])), Variable(torch.Tensor(y[:train_size]))
testX, testY = Variable(torch.Tensor(x[train_size:])), Variable(torch.Tensor(y[train_size:]))


class LSTM(nn.Module):
    def __init__(self, num_classes, input_size, hidden_size, num_layers):
        super(LSTM, self).__init__()
        self.num_layers = num_layers
        self.hidden_size = hidden_size
        self.lstm = nn.LSTM(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        h_0 = Variable(torch.zeros(self.num_layers, x.size(0), self.hidden_size))
        c_0 = Variable(torch.zeros(self.num_layers, x.size(0), self.hidden_size))
        ula, (h_out, _) = self.lstm(x, (h_0, c_0))
        return self.fc(h_out[-1])


lstm = LSTM(1, 1, 32, 1)
criterion = torch.nn.MSELoss()
optimizer = torch.optim.Adam(lstm.parameters(), lr=0.01)
for epoch in range(600):
    outputs = lstm(trainX)
    optimizer.zero_grad()
    loss = criterion(outputs, trainY)
    loss.backward()
    optimizer.step()
    if epoch % 100 == 0:
        print("Epoch: %d, loss: %1.5f" % (epoch, loss.item()))

lstm.eval()
predicted = sc.inverse_transform(lstm(testX).data.numpy())
actual = sc.inverse_transform(testY.data.numpy())
print("metric mape", float(np.mean(np.abs(predicted - actual) / actual)))
